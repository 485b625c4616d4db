import { expect, test } from 'vitest'
import { readExact, writeExact } from './exact.ts'

test('a number beyond 2^53 is read and written with all its digits', () => {
  const read = readExact('{"order_id":9007199254740993,"n":2,"text":"9007199254740993"}')
  expect(read).toEqual({ order_id: 9_007_199_254_740_993n, n: 2, text: '9007199254740993' })
  expect(writeExact(read)).toBe('{\n  "order_id": 9007199254740993,\n  "n": 2,\n  "text": "9007199254740993"\n}')
})

test('fractions and numbers that a number holds stay numbers', () => {
  expect(readExact('[9007199254740991,1234567890.125]')).toEqual([9_007_199_254_740_991, 1_234_567_890.125])
})
