/**
 * Reads what PHP's serialize() wrote, for people to look at. Nothing is run, no class is looked up and no object made: a
 * value comes out as plain data. Bounded in bytes, depth and number of values, and nothing in the text can make it throw.
 */
export type PhpValue = null | boolean | number | string | PhpValue[] | PhpMap | PhpObject | PhpCase | PhpReference

/** An array whose keys are not 0, 1, 2, …; without prototype, so that a key may be anything. */
export interface PhpMap {
  readonly [key: string]: PhpValue
}

export class PhpObject {
  readonly class: string
  /** In the order they were written. Private ones of a parent class may have the name of one of the child's. */
  readonly properties: PhpProperty[] = []

  constructor(name: string) {
    this.class = name
  }
}

/** A case of an enumeration, as in `App\State:Open`. */
export class PhpCase {
  readonly case: string

  constructor(name: string) {
    this.case = name
  }
}

/** The same object or array as one that stands elsewhere in the text, perhaps around this very place. */
export class PhpReference {
  readonly class: string | null

  constructor(to: unknown) {
    this.class = to instanceof PhpObject ? to.class : null
  }
}

export interface PhpProperty {
  name: string
  visibility: 'public' | 'protected' | 'private'
  value: PhpValue
}

export interface SerializedObject {
  object: PhpObject
  /** False where the text is damaged or beyond the limits: what stands before that was read. */
  complete: boolean
}

const LONGEST = 1024 * 1024
const DEEPEST = 64
const MOST_VALUES = 20_000

/** The object that a text begins with, as far as it can be read; undefined if it does not begin with one. */
export function readSerialized(text: string): SerializedObject | undefined {
  if (!text.startsWith('O:')) return undefined
  const reader = new Reader(Buffer.from(text.length > LONGEST ? text.slice(0, LONGEST) : text, 'utf8'))
  try {
    reader.value(0)
    return { object: reader.outermost!, complete: reader.atEnd }
  } catch (error) {
    if (!(error instanceof Unreadable)) return undefined
    return reader.outermost && { object: reader.outermost, complete: false }
  }
}

class Unreadable extends Error {}

class Reader {
  /** Of which something can be shown even where the rest is damaged. */
  outermost: PhpObject | undefined
  readonly #bytes: Buffer
  /** Values in the order PHP numbers them, from 1, for references to them. */
  readonly #slots: unknown[] = [undefined]
  #at = 0

  /** Lengths in the text are bytes of UTF-8. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  value(depth: number): PhpValue {
    if (depth > DEEPEST || this.#slots.length > MOST_VALUES) throw new Unreadable()
    const type = this.#sign()
    if (type === 'N') {
      this.#expect(';')
      return this.#slot(null)
    }
    this.#expect(':')
    switch (type) {
      case 'b':
        return this.#slot(this.#until(';') === '1')
      case 'i':
        return this.#slot(integer(this.#until(';')))
      case 'd':
        return this.#slot(float(this.#until(';')))
      case 's': {
        const text = this.#quoted()
        this.#expect(';')
        return this.#slot(text)
      }
      case 'a':
        return this.#array(depth)
      case 'O':
        return this.#object(depth)
      case 'E': {
        const name = this.#quoted()
        this.#expect(';')
        return this.#slot(new PhpCase(name))
      }
      case 'C':
        return this.#custom()
      // A reference by & has no number of its own, one to an object has.
      case 'R':
        return this.#reference()
      case 'r':
        return this.#slot(this.#reference())
      default:
        throw new Unreadable()
    }
  }

  #slot<Value>(value: Value): Value {
    this.#slots.push(value)
    return value
  }

  #array(depth: number): PhpValue {
    const count = this.#count()
    this.#slots.push(ARRAY)
    this.#expect('{')
    const entries: [string, PhpValue][] = []
    let isList = true
    for (let at = 0; at < count; at++) {
      const key = this.#key()
      isList &&= key === String(at)
      entries.push([key, this.value(depth + 1)])
    }
    this.#expect('}')
    if (isList) return entries.map(([, value]) => value)
    const map = Object.create(null) as Record<string, PhpValue>
    for (const [key, value] of entries) map[key] = value
    return map
  }

  #object(depth: number): PhpValue {
    const object = this.#slot(new PhpObject(this.#quoted()))
    if (depth === 0) this.outermost = object
    this.#expect(':')
    const count = this.#count()
    this.#expect('{')
    for (let at = 0; at < count; at++) {
      const named = property(this.#key())
      object.properties.push({ ...named, value: this.value(depth + 1) })
    }
    this.#expect('}')
    return object
  }

  /** A class that wrote itself in a form of its own, which only that class could read. */
  #custom(): PhpValue {
    const object = this.#slot(new PhpObject(this.#quoted()))
    this.#expect(':')
    const length = this.#count()
    this.#expect('{')
    this.#take(length)
    this.#expect('}')
    return object
  }

  #reference(): PhpValue {
    const number = Number(this.#until(';'))
    if (!(number >= 1 && number < this.#slots.length)) throw new Unreadable()
    const to = this.#slots[number]
    if (to === ARRAY || to instanceof PhpObject) return new PhpReference(to)
    return to as PhpValue
  }

  /** Keys have no numbers. */
  #key(): string {
    const type = this.#sign()
    this.#expect(':')
    if (type === 'i') return String(integer(this.#until(';')))
    if (type !== 's') throw new Unreadable()
    const text = this.#quoted()
    this.#expect(';')
    return text
  }

  /** `5:"bytes"` */
  #quoted(): string {
    const length = this.#count()
    this.#expect('"')
    const bytes = this.#take(length)
    this.#expect('"')
    return bytes.toString('utf8')
  }

  /** `5:` */
  #count(): number {
    const text = this.#until(':')
    const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    // Whatever is counted takes a byte at least: a huge number is refused before anything is made for it.
    if (!(count <= this.#bytes.length - this.#at)) throw new Unreadable()
    return count
  }

  #until(sign: string): string {
    const end = this.#bytes.indexOf(sign, this.#at, 'latin1')
    if (end === -1 || end - this.#at > LONGEST_NUMBER) throw new Unreadable()
    const text = this.#bytes.toString('latin1', this.#at, end)
    this.#at = end + 1
    return text
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Unreadable()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #sign(): string {
    return this.#take(1).toString('latin1')
  }

  #expect(sign: string): void {
    if (this.#sign() !== sign) throw new Unreadable()
  }
}

const ARRAY = Symbol('array')
const LONGEST_NUMBER = 64

/** Whole numbers beyond what JavaScript holds exactly stay text. */
function integer(text: string): number | string {
  if (!/^-?\d+$/.test(text)) throw new Unreadable()
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

function float(text: string): number | string {
  if (text === 'INF' || text === '-INF' || text === 'NAN') return text
  const number = Number(text)
  if (text === '' || !Number.isFinite(number)) throw new Unreadable()
  return number
}

/** NUL `*` NUL before the name of a protected property, NUL class NUL before that of a private one. */
function property(key: string): Pick<PhpProperty, 'name' | 'visibility'> {
  const end = key.startsWith('\0') ? key.indexOf('\0', 1) : -1
  if (end === -1) return { name: key, visibility: 'public' }
  return { name: key.slice(end + 1), visibility: key.slice(1, end) === '*' ? 'protected' : 'private' }
}
