import { expect, test } from 'vitest'
import { etagOf } from './etag.ts'

const answer = (age: number, deep = 0) => ({ age, jobs: [{ id: 1, age, payload: { age: deep } }], by: { age: deep } })

test('a key that ticks is in no tag, of the data or of its rows; deeper one of its name may mean anything', () => {
  expect(etagOf(answer(1), ['age'])).toBe(etagOf(answer(2), ['age']))
  expect(etagOf(answer(1), ['age'])).not.toBe(etagOf(answer(1, 1), ['age']))
  expect(etagOf(answer(1))).not.toBe(etagOf(answer(2)))
})

test('what has no keys has a tag too, and every tag is weak', () => {
  for (const data of [null, 'text', [], answer(1)]) expect(etagOf(data)).toMatch(/^W\/"[\w-]{22}"$/)
})
