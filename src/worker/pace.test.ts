import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

function paceOf(ms: number): Pace {
  const pace = new Pace()
  for (let jobs = 0; jobs < 100; jobs += 1) pace.took(ms)
  return pace
}

test('nothing is taken ahead until it is known how long jobs take, nor after they stood still', () => {
  const pace = new Pace()
  expect(pace.ahead(10)).toBe(0)

  pace.took(1)
  expect(pace.ahead(10)).toBe(500)

  pace.stalled()
  expect(pace.ahead(10)).toBe(0)
})

test('work for fifty milliseconds is taken ahead, and 500 jobs at most', () => {
  expect(paceOf(10).ahead(10)).toBe(50)
  expect(paceOf(1_000).ahead(10)).toBe(0)
  expect(paceOf(0.01).ahead(10)).toBe(500)
})

test('a store that answers later than its jobs are done is asked for twice as many, of short ones', () => {
  const pace = paceOf(0.01)
  pace.ranDry(10)
  expect(pace.ahead(10)).toBe(500)

  pace.ranDry(500)
  expect(pace.ahead(10)).toBe(1_000)
  for (let jobs = 0; jobs < 100; jobs += 1) pace.took(10)
  expect(Math.round(pace.ahead(10) / 10)).toBe(5)
})
