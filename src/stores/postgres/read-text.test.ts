import { expect, test } from 'vitest'
import { sql } from '../sql/sql.ts'
import { literal, timedRead } from './read-text.ts'

test('values stand in the text of a read as literals that nothing in them can end', () => {
  const written = ["it's", "\\'; select 1; --", 'a\\nb', '$1', 5, true, null, undefined].map(literal)

  expect(written).toEqual([
    ...[" 'it''s'", " E'\\\\''; select 1; --'", " E'a\\\\nb'", " '$1'", " '5'", " 'true'", ' null', ' null'],
  ])
  for (const value of [[1], {}, 5n, new Date(0)]) expect(() => literal(value)).toThrow(TypeError)
})

test('a NUL, which PostgreSQL does not take, is looked for as its visible sign', () => {
  expect(timedRead(sql`select ${'a\0b'} as text`, 450)).toMatch(/select {2}'a␀b' as text$/)
})

test('a read comes with the time that the server may take over it, which ends with the transaction', () => {
  const text = timedRead(sql`select 1`, 450)

  expect(text).toContain(`set_config('statement_timeout', '450', true)`)
  expect(text.split(';')).toHaveLength(2)
})
