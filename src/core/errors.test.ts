import { expect, test } from 'vitest'
import { FaenaError, isFaenaError, notAllowed } from './errors.ts'

test('a refused value is named with what is allowed, and as an issue of its own', () => {
  const error = notAllowed('BAD_ARGUMENT', 'tries', -1, '0 to 65535')
  expect(error.message).toBe('tries is -1; allowed: 0 to 65535')
  expect(error.issues).toEqual([{ path: 'tries', message: 'allowed: 0 to 65535' }])
})

test.each([
  [undefined, 'undefined'],
  [null, 'null'],
  ['a "b"', '"a \\"b\\""'],
  [10n, '10'],
  [Symbol('s'), 'Symbol(s)'],
  [() => 1, 'a function'],
  [{ a: [1] }, '{"a":[1]}'],
  ['x'.repeat(500), `"${'x'.repeat(116)}...`],
])('a value is shown on one short line', (value, shown) => {
  expect(notAllowed('BAD_ARGUMENT', 'it', value, 'else').message).toBe(`it is ${shown}; allowed: else`)
})

test('a value that holds itself is shown too', () => {
  const ring: Record<string, unknown> = {}
  ring.ring = ring
  expect(notAllowed('BAD_ARGUMENT', 'it', ring, 'else').message).toBe('it is [object Object]; allowed: else')
})

test('an error is known by its code and keeps its cause', () => {
  const cause = new Error('refused')
  const error = new FaenaError('STORE_UNAVAILABLE', 'no connection', { cause, inDoubt: true })
  expect(isFaenaError(error)).toBe(true)
  expect(isFaenaError(error, 'STORE_UNAVAILABLE')).toBe(true)
  expect(isFaenaError(error, 'STORE_CLOSED')).toBe(false)
  expect(isFaenaError(cause)).toBe(false)
  expect(error).toMatchObject({ name: 'FaenaError', cause, inDoubt: true, issues: [] })
  expect('cause' in new FaenaError('STORE_CLOSED', 'closed')).toBe(false)
})
