import { describe, expect, test } from 'vitest'
import { raw, sql } from '../sql/sql.ts'
import { among, literal, rowList, textOf, valueList } from './text.ts'

describe('a value in a statement', () => {
  test.each([
    ['plain text', 'plain text', "'plain text'"],
    ['quotes', `it's "x"`, `'it''s "x"'`],
    ['letters beyond ASCII', 'ñandú 🦤', "'ñandú 🦤'"],
    ['nothing', null, 'null'],
    ['a number', -3.5, '-3.5'],
    ['a truth', true, '1'],
  ])('%s is written as it means the same under every sql_mode', (_, value, text) => {
    expect(literal(value)).toBe(text)
  })

  test.each(['back\\slash', "quote' and \\", 'nul \0 byte', "\\' or 1=1 -- "])(
    'what a backslash could end is hexadecimal: %j',
    (value) => {
      expect(literal(value)).toMatch(/^_utf8mb4 x'[0-9a-f]+'$/)
      expect(Buffer.from(/x'([0-9a-f]+)'/.exec(literal(value))![1]!, 'hex').toString()).toBe(value)
    },
  )

  test('for a connection of unknown character set, so is everything beyond ASCII', () => {
    expect(literal('ñ', true)).toBe("_utf8mb4 x'c3b1'")
    expect(literal('a\nb', true)).toBe("_utf8mb4 x'610a62'")
    expect(literal('plain', true)).toBe("'plain'")
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, { toString: () => '1' }, ['1'], Symbol('x')])(
    'anything else is refused: %o',
    (value) => {
      expect(() => literal(value)).toThrow(TypeError)
    },
  )
})

test('statements are put together from pieces, in order', () => {
  const rows = rowList([
    ['a', raw('now()')],
    ['b', sql`${1} + ${2}`],
  ])
  expect(textOf(sql`insert into t values ${rows} where x in (${valueList(['p', 'q'])}) and y = ${3}`)).toBe(
    `insert into t values ('a', now()), ('b', 1 + 2) where x in ('p', 'q') and y = 3`,
  )
})

describe('a list of ids', () => {
  test('is one list while the server looks each of them up', () => {
    expect(textOf(among('id', [1, 2, 3]))).toBe('id in (1,2,3)')
  })

  test('is cut where the server would read the whole table instead', () => {
    const ids = Array.from({ length: 2_000 }, (_, at) => at)
    expect(textOf(among('id', ids)).match(/id in/g)).toHaveLength(3)
  })

  test('without ids matches nothing', () => {
    expect(textOf(among('id', []))).toBe('1 = 0')
  })

  test('takes nothing but whole numbers', () => {
    expect(() => among('id', ['1) or (1=1' as unknown as number])).toThrow(TypeError)
  })
})
