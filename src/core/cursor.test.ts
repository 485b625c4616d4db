import { expect, test } from 'vitest'
import { readCursor, writeCursor } from './cursor.ts'

test('a cursor reads back the id it was written from', () => {
  for (const id of [0, 1, 4_711, Number.MAX_SAFE_INTEGER]) expect(readCursor(writeCursor(id))).toBe(id)
})

test.each(['', 'abc', '17', Buffer.from('id:-1').toString('base64url'), Buffer.from('id:1 ').toString('base64url')])(
  '%j is no cursor',
  (cursor) => {
    expect(() => readCursor(cursor)).toThrow(/^cursor is .*; allowed: a `next` of an earlier page$/)
  },
)
