import { type SurfacedField, surfaced } from '../core/surface.ts'
import { PhpCase, PhpObject, PhpReference, type PhpValue, readSerialized } from './serialized.ts'

/** The command inside a job of Laravel's (`data.command`), as far as it can be shown without PHP. */
export type LaravelCommand =
  | { kind: 'serialized'; class: string; properties: Readonly<Record<string, unknown>>; complete: boolean }
  /** Only an application that has the key can read it. */
  | { kind: 'encrypted'; class: string | null }
  | { kind: 'unreadable'; class: string | null }

/** The command of a payload's `data`; undefined where there is none, as in jobs of other makers. Never throws. */
export function commandOf(data: unknown): LaravelCommand | undefined {
  if (!isObject(data) || typeof data.command !== 'string') return undefined
  const name = typeof data.commandName === 'string' ? data.commandName : null
  const read = readSerialized(data.command)
  if (read === undefined) return { kind: isEnvelope(data.command) ? 'encrypted' : 'unreadable', class: name }
  return {
    kind: 'serialized',
    class: read.object.class,
    properties: propertiesOf(read.object, 0),
    complete: read.complete,
  }
}

/**
 * The surfaced fields of a payload's `data`: its own, and where it has a serialized command the properties of that, private
 * and protected ones too. Null where it has none of them.
 */
export function surfacedIn(fields: readonly SurfacedField[], data: unknown): Record<string, unknown> | null {
  if (fields.length === 0) return null
  const own = surfaced(fields, data)
  const command = commandOf(data)
  if (command?.kind !== 'serialized') return own
  const inside = surfaced(fields, command.properties)
  return own || inside ? { ...inside, ...own } : null
}

/** As `surfacedIn`, as JSON object text: what stands beside a failed job. */
export function surfacedTextIn(fields: readonly SurfacedField[], data: unknown): string | null {
  const found = surfacedIn(fields, data)
  return found && JSON.stringify(found)
}

/** What people and programs are shown of a payload's `data`: a command in its readable form. */
export function shownInput(data: unknown): unknown {
  const command = commandOf(data)
  if (command === undefined) return data
  const { command: _text, ...rest } = data as Record<string, unknown>
  switch (command.kind) {
    case 'serialized':
      return { ...rest, command: { class: command.class, ...command.properties } }
    case 'encrypted':
      return { ...rest, command: '(encrypted)' }
    default:
      return { ...rest, command: '(unreadable)' }
  }
}

/** Of two properties of one name (a parent's private one beside the child's) the first counts, as PHP writes the child's first. */
function propertiesOf(object: PhpObject, inside: number): Record<string, unknown> {
  const shown = Object.create(null) as Record<string, unknown>
  for (const { name, value } of object.properties) if (!Object.hasOwn(shown, name)) shown[name] = plain(value, inside)
  return shown
}

/** Jobs of a chain, and callbacks, stand as serialized texts in one another; deeper ones than this are not shown. */
const MOST_INSIDE = 8

/** `inside`: in how many serialized texts the value stands. Each is shorter than the one around it. */
function plain(value: PhpValue, inside: number): unknown {
  if (value instanceof PhpObject) return { class: value.class, ...propertiesOf(value, inside) }
  if (typeof value === 'string' && value.startsWith('O:')) return textOrCommand(value, inside)
  if (value instanceof PhpCase) return value.case
  if (value instanceof PhpReference) return value.class === null ? '(the same array)' : `(the same ${value.class})`
  if (Array.isArray(value)) return value.map((each) => plain(each, inside))
  if (typeof value !== 'object' || value === null) return value
  const map = Object.create(null) as Record<string, unknown>
  for (const [key, each] of Object.entries(value)) map[key] = plain(each, inside)
  return map
}

/** Read, since what is masked by its key has none in a text. */
function textOrCommand(text: string, inside: number): unknown {
  const read = readSerialized(text)
  if (read === undefined) return text
  if (inside >= MOST_INSIDE) return { class: read.object.class }
  return { class: read.object.class, ...propertiesOf(read.object, inside + 1) }
}

const LONGEST_ENVELOPE = 4 * 1024 * 1024

/** Laravel's encrypter writes base64 of a JSON object with iv, value and mac. */
function isEnvelope(text: string): boolean {
  if (text.length > LONGEST_ENVELOPE || !/^[A-Za-z0-9+/]+=*$/.test(text)) return false
  try {
    const envelope: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
    return isObject(envelope) && ['iv', 'value', 'mac'].every((key) => typeof envelope[key] === 'string')
  } catch {
    return false
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
