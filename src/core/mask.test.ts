import { describe, expect, test } from 'vitest'
import { MASK, masker } from './mask.ts'

describe('masker', () => {
  test.each([
    'password',
    'userPassword',
    'DB_PASSWORD',
    'apiToken',
    'client-secret',
    'Authorization',
    'api_key',
    'X-Api-Key',
    'cardNumber',
    'credit_card',
    'iban',
    'Cookie',
    'pin',
  ])('masks the value of %s', (key) => {
    expect(masker().value({ [key]: 'abc' })).toEqual({ [key]: MASK })
  })

  test.each(['orderId', 'discard', 'pinned', 'spinner', 'passenger', 'author', 'cardinality'])(
    'shows the value of %s',
    (key) => {
      expect(masker().value({ [key]: 'abc' })).toEqual({ [key]: 'abc' })
    },
  )

  test('masks at any depth, whatever the type, and leaves the input as it was', () => {
    const input = { a: [{ b: { secret: { deep: [1] }, c: 2 } }], token: 5 }

    expect(masker().value(input)).toEqual({ a: [{ b: { secret: MASK, c: 2 } }], token: MASK })
    expect(input.token).toBe(5)
  })

  test('shows that a secret is missing, empty, on or off', () => {
    const input = { password: null, token: '', secret: true, apiKey: false }
    expect(masker().value(input)).toEqual(input)
  })

  test('takes further patterns, and takes usual words out', () => {
    const { value } = masker('email, phone*, -pin, -token')

    expect(value({ email: 'a@b', phoneNumber: '1', pin: '2', token: '3', password: '4' })).toEqual({
      email: MASK,
      phoneNumber: MASK,
      pin: '2',
      token: '3',
      password: MASK,
    })
  })

  test.each(['a b', '*', '-', 'x'.repeat(70)])('refuses the pattern %s', (pattern) => {
    expect(() => masker(pattern)).toThrow(/FAENA_MASK is .*; allowed: names of keys/)
  })

  test.each([
    ['connect to postgres://app:s3cr3t@db:5432/x failed', `connect to postgres://app:${MASK}@db:5432/x failed`],
    ['header Authorization: Bearer abcdefgh12345', `header Authorization: Bearer ${MASK}`],
    ['token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl rejected', `token ${MASK} rejected`],
    ['login with password=hunter2, retry', `login with password=${MASK}, retry`],
    ['{"api_key": "abc", "n": 1}', `{"api_key": ${MASK}, "n": 1}`],
    ['order 5 of http://shop.example/x:1 failed', 'order 5 of http://shop.example/x:1 failed'],
  ])('masks inside the text %s', (text, shown) => {
    expect(masker().text(text)).toBe(shown)
  })

  test('a key may be anything: no prototype is touched', () => {
    const shown = masker().value(JSON.parse('{"__proto__":{"password":"x"},"constructor":1}'))

    expect(JSON.stringify(shown)).toBe(`{"__proto__":{"password":"${MASK}"},"constructor":1}`)
  })

  test('a text made to be slow is masked in no time', () => {
    const began = performance.now()
    for (const piece of ['a://', 'eyJ', 'bearer ', 'password=', 'a-', '"']) masker().text(piece.repeat(20_000))

    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
