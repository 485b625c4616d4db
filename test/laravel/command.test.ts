import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headline } from '../../src/core/exception.ts'
import { tryReadPayload } from '../../src/core/payload.ts'
import { surfacedFields } from '../../src/core/surface.ts'
import { commandOf, shownInput, surfacedIn } from '../../src/laravel/command.ts'
import { PhpCase, PhpObject, PhpReference, type PhpValue, readSerialized } from '../../src/laravel/serialized.ts'

/** Rows that Laravel wrote, and what PHP itself reads in their commands. */
interface Golden {
  pushed: Record<string, { payload: string; decoded: { t: string } | null }[]>
  failed: Record<string, { payload: string; exception: string }>
}

/** As in the decoded form of the fixtures, where it says more than we show: floats as text, references as what they mean. */
interface Decoded {
  t: string
  class?: string
  case?: string
  repr?: string
  value?: unknown
  list?: boolean
  entries?: { key?: string | number; value: Decoded }[]
  props?: { name: string; visibility: string; value: Decoded }[]
  sameAs?: number
}

const VERSIONS = ['8.83.26', '12.67.0']

function golden(version: string): Golden {
  return JSON.parse(readFileSync(new URL(`./fixtures/laravel-${version}.json`, import.meta.url), 'utf8')) as Golden
}

function same(value: PhpValue, expected: Decoded): void {
  if (value instanceof PhpReference) {
    // PHP shows what an array's reference leads to, we show that there is one.
    expect(expected.sameAs !== undefined || expected.t === 'array' || expected.t === 'object').toBe(true)
    return
  }
  switch (expected.t) {
    case 'object':
      expect(value).toBeInstanceOf(PhpObject)
      sameObject(value as PhpObject, expected)
      return
    case 'enum':
      expect(value).toEqual(new PhpCase(`${expected.class}:${expected.case}`))
      return
    case 'array': {
      const entries = expected.entries ?? []
      expect(Object.keys(value as object)).toHaveLength(entries.length)
      for (const [at, entry] of entries.entries()) {
        const key = String(entry.key ?? at)
        same((value as Record<string, PhpValue>)[key] as PhpValue, entry.value)
      }
      return
    }
    case 'int':
      expect(String(value)).toBe(expected.repr)
      return
    case 'float':
      if (['INF', '-INF', 'NAN'].includes(expected.repr!)) expect(value).toBe(expected.repr)
      else expect(value).toBe(Number(expected.repr))
      return
    default:
      expect(value).toEqual(expected.value)
  }
}

function sameObject(object: PhpObject, expected: Decoded): void {
  expect(object.class).toBe(expected.class)
  const named = ({ name, visibility }: { name: string; visibility: string }) => `${visibility} ${name}`
  expect(object.properties.map(named)).toEqual((expected.props ?? []).map(named))
  for (const [at, { value }] of (expected.props ?? []).entries()) same(object.properties[at]!.value, value)
}

describe.each(VERSIONS)('a command that Laravel %s serialized', (version) => {
  const { pushed, failed } = golden(version)
  const commands = Object.entries(pushed).flatMap(([kind, jobs]) =>
    jobs
      .filter(({ decoded, payload }) => decoded?.t === 'object' && !payload.includes('SecretTokenJob'))
      .map(({ payload, decoded }) => ({ kind, payload, decoded: decoded as Decoded })),
  )

  test('is read as PHP reads it, whatever the visibility of its properties', () => {
    expect(commands.length).toBeGreaterThan(20)
    for (const { payload, decoded } of commands) {
      const data = tryReadPayload(payload)!.data as { command: string }
      const read = readSerialized(data.command)!
      expect(read.complete).toBe(true)
      sameObject(read.object, decoded)
    }
  })

  test('gives the surfaced fields by their aliases, with their own types', () => {
    const fields = surfacedFields('order_id|orderId,tienda_id|tiendaId')
    const { data } = tryReadPayload(pushed.netsuite_sync![0]!.payload)!

    expect(surfacedIn(fields, data)).toEqual({ order_id: 98765, tienda_id: 12 })
  })

  test('that is encrypted is shown as such, with the class that stands beside it', () => {
    const { data } = tryReadPayload(pushed.encrypted![0]!.payload)!

    expect(commandOf(data)).toEqual({ kind: 'encrypted', class: 'App\\Jobs\\SecretTokenJob' })
    expect(shownInput(data)).toMatchObject({ commandName: 'App\\Jobs\\SecretTokenJob', command: '(encrypted)' })
  })

  test('is no part of jobs that carry plain data', () => {
    const { data } = tryReadPayload(pushed.legacy_string![0]!.payload)!

    expect(commandOf(data)).toBeUndefined()
    expect(shownInput(data)).toEqual({ orden: 5, nombre: 'Muñoz' })
    expect(surfacedIn(surfacedFields('orden'), data)).toEqual({ orden: 5 })
  })

  test('has an exception whose headline is the first line of the last block', () => {
    expect(headline(failed.nested_exception!.exception)).toMatch(/^LogicException: could not parse the answer of /)
    expect(headline(failed.foreign_rows!.exception)).toBe('Error: written by a foreign worker')
  })
})

describe('a serialized text', () => {
  const whole =
    'O:7:"App\\Job":3:{s:7:"orderId";i:803193;s:10:"\0*\0tienda";s:2:"ñ";s:14:"\0App\\Job\0token";s:3:"abc";}'

  test('that is cut off gives what stands before the cut', () => {
    const read = commandOf({ command: whole.slice(0, whole.indexOf('s:10')) })

    expect(read).toMatchObject({
      kind: 'serialized',
      class: 'App\\Job',
      properties: { orderId: 803193 },
      complete: false,
    })
  })

  test('may hold the largest numbers of PHP, which come out as text where JavaScript has no such number', () => {
    const text = 'O:1:"A":2:{s:1:"a";i:9223372036854775807;s:1:"b";i:-9007199254740991;}'

    expect(commandOf({ command: text })).toMatchObject({
      properties: { a: '9223372036854775807', b: -9_007_199_254_740_991 },
    })
  })

  test('may name its properties as it likes: no prototype is touched', () => {
    const text = 'O:1:"A":2:{s:9:"__proto__";a:1:{s:9:"__proto__";s:1:"x";}s:11:"constructor";i:1;}'

    expect(JSON.stringify(shownInput({ command: text }))).toBe(
      '{"command":{"class":"A","__proto__":{"__proto__":"x"},"constructor":1}}',
    )
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('that holds others is read through: the secrets of a chained job have their keys', () => {
    const chained = 'O:5:"Later":1:{s:8:"password";s:7:"hunter2";}'
    const text = `O:1:"A":1:{s:7:"chained";a:1:{i:0;s:${chained.length}:"${chained}";}}`

    expect(shownInput({ command: text })).toEqual({
      command: { class: 'A', chained: [{ class: 'Later', password: 'hunter2' }] },
    })
  })

  test('nested deeper than anybody writes ends the reading, not the process', () => {
    const deep = `O:1:"A":1:{s:1:"a";${'a:1:{i:0;'.repeat(100_000)}`

    expect(commandOf({ command: deep })).toMatchObject({ kind: 'serialized', complete: false })
  })

  test('that counts more values than it has is not believed', () => {
    expect(readSerialized('O:1:"A":999999999:{s:1:"a";i:1;}')).toMatchObject({ complete: false })
    expect(readSerialized('O:999999999:"A":1:{}')).toBeUndefined()
  })

  test('of any kind is read or not read, and never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'O:1:"A":1:{',
        'a:2:{',
        's:3:"abc";',
        'i:1;',
        'i:-;',
        'd:INF;',
        'N;',
        'b:1;',
        'R:1;',
        'r:2;',
        '}',
      ),
      fc.constantFrom('E:3:"A:B";', 'C:1:"A":2:{ab}', 's:99:"', 'O:', ':', ';', '{', '"', '\0', 'ñ', '9999999999'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(), (pieces, cut) => {
        const text = pieces.join('')
        const damaged = whole.slice(0, cut % whole.length) + text + whole.slice(cut % whole.length)
        for (const each of [text, `O:1:"A":1:{${text}`, damaged]) {
          JSON.stringify(shownInput({ command: each }))
          surfacedIn([{ name: 'x', keys: ['abc'] }], { command: each })
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
