import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withFirst, withValue } from './json-text.ts'

describe('a value in the text of a JSON object', () => {
  test('is replaced where it stands, and no other byte is touched', () => {
    const text = '{ "a" : {"n": 1, "list":[{"n":2}]}, "n":\t12.50 ,\n"b":"\\/ \\u00f1 \\" n\\": 3", "c":[1e2 , 1.0] }'
    expect(withValue(text, 'n', '7')).toBe(text.replace('12.50', '7'))
    expect(withValue(text, 'a', 'null')).toBe(text.replace('{"n": 1, "list":[{"n":2}]}', 'null'))
    expect(withValue(text, 'b', '""')).toBe(text.replace('"\\/ \\u00f1 \\" n\\": 3"', '""'))
    expect(withValue(text, 'c', '[]')).toBe(text.replace('[1e2 , 1.0]', '[]'))
    expect(withValue(text, 'd', '7')).toBe(text)
  })

  test('is the last one where its key stands twice, however the key is written', () => {
    expect(withValue('{"n":1,"\\u006e":2}', 'n', '3')).toBe('{"n":1,"\\u006e":3}')
  })

  test('is replaced in whatever object there is as JSON.parse sees it', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    const spaced = fc.constantFrom(undefined, ' ', '\t')
    fc.assert(
      fc.property(object, fc.nat(), fc.jsonValue(), spaced, (given, which, value, space) => {
        const key = Object.keys(given)[which % Object.keys(given).length]!
        const altered = withValue(JSON.stringify(given, null, space), key, JSON.stringify(value))
        const expected = Object.entries(given).map(([name, each]) => [name, name === key ? value : each])
        expect(JSON.parse(altered)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))))
      }),
    )
  })
})

describe('a key put first', () => {
  test('leaves the rest as it is', () => {
    expect(withFirst('{"a": 1.0}', 'u', '"x"')).toBe('{"u":"x","a": 1.0}')
    expect(withFirst(' { } ', 'u', '1')).toBe('{"u":1 } ')
  })

  test('takes the place of what stood under it', () => {
    expect(withFirst('{"a":1.0, "u" : "", "b":[","]}', 'u', '1')).toBe('{"u":1,"a":1.0, "b":[","]}')
    expect(withFirst('{"a":1.0, "u":""}', 'u', '1')).toBe('{"u":1,"a":1.0}')
    expect(withFirst('{"u":0, "a":2,"u":""}', 'u', '1')).toBe('{"u":1,"a":2}')
    expect(withFirst('{"u":null}', 'u', '1')).toBe('{"u":1}')
  })
})
