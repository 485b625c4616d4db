import { expect, test } from 'vitest'
import { exactJson } from './exact-json.ts'
import { masker } from './mask.ts'

test.each([
  '{"order_id":9007199254740993}',
  '{"deep":[{"id":-123456789012345678901234567890}]}',
  '[9007199254740991,1.5,1e300,"9007199254740993",null]',
])('%s is written as it was read', (text) => {
  expect(JSON.stringify(exactJson(text))).toBe(text.replace('1e300', '1e+300'))
})

test('what a number holds is a number', () => {
  expect(exactJson('{"a":9007199254740991,"b":1234567890.1234567}')).toEqual({
    a: 9_007_199_254_740_991,
    b: 1_234_567_890.123_456_7,
  })
})

test('masking leaves the digits alone, and hides them below the key of a secret', () => {
  const text = '{"order_id":9007199254740993,"card":9007199254740993}'
  expect(JSON.stringify(masker().value(exactJson(text)))).toBe('{"order_id":9007199254740993,"card":"***"}')
})

test('a text that is no JSON is refused as ever', () => {
  expect(() => exactJson('{"id":90071992547409931234')).toThrow(SyntaxError)
})
