import fc from 'fast-check'
import { expect, test } from 'vitest'
import { derivedUuid, isUuid, uuidv7 } from './uuid.ts'

const timeOf = (uuid: string) => Number.parseInt(uuid.replace('-', '').slice(0, 12), 16)

test('a uuid is of version 7 and begins with its time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
      const uuid = uuidv7(now)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(timeOf(uuid)).toBe(now)
    }),
  )
})

test('ten thousand uuids of one millisecond are all different', () => {
  const now = Date.now()
  expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(now))).size).toBe(10_000)
})

test('uuids of one process rise in the order they were made, within a millisecond too', () => {
  const now = Date.UTC(2026, 0, 5)
  const made = [now, now, now, now + 1, now + 1, now + 2].flatMap((at) => Array.from({ length: 100 }, () => uuidv7(at)))
  expect(made).toEqual(made.toSorted())
})

test('a derived uuid is the same for the same instant and seed, and for no other', () => {
  const at = Date.UTC(2026, 0, 5, 2)
  const uuid = derivedUuid(at, 'nightly')
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(timeOf(uuid)).toBe(at)
  expect(derivedUuid(at, 'nightly')).toBe(uuid)
  expect(derivedUuid(at + 1, 'nightly').slice(-17)).not.toBe(uuid.slice(-17))
  expect(derivedUuid(at, 'nightly2').slice(-17)).not.toBe(uuid.slice(-17))
})

test.each([
  ['019b76da-a800-7000-8000-000000000001', true],
  ['019B76DA-A800-7000-8000-000000000001', true],
  ['019b76daa80070008000000000000001', false],
  ['019b76da-a800-7000-8000-000000000001 ', false],
  ['45', false],
  ['', false],
])('%j is a uuid: %s', (text, expected) => {
  expect(isUuid(text)).toBe(expected)
})
