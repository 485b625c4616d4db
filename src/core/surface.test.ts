import { describe, expect, test } from 'vitest'
import { surfaced, surfacedFields, surfacedText } from './surface.ts'

const fields = surfacedFields('order_id|orderId, tienda_id|tiendaId')

describe('surfaced fields', () => {
  test('are named with their aliases', () => {
    expect(fields).toEqual([
      { name: 'order_id', keys: ['order_id', 'orderId'] },
      { name: 'tienda_id', keys: ['tienda_id', 'tiendaId'] },
    ])
    expect(surfacedFields('')).toEqual([])
  })

  test('are found under their name or an alias, with their JSON type, the name first', () => {
    expect(surfaced(fields, { orderId: 803_193, tienda_id: '12' })).toEqual({ order_id: 803_193, tienda_id: '12' })
    expect(surfaced(fields, { orderId: 1, order_id: 2 })).toEqual({ order_id: 2 })
    expect(surfaced(fields, { order_id: null, orderId: false })).toEqual({ order_id: false })
    expect(surfacedText(fields, { orderId: 0 })).toBe('{"order_id":0}')
  })

  test.each([
    undefined,
    null,
    'order_id',
    7,
    [],
    [{ order_id: 1 }],
    {},
    { order_id: { id: 1 } },
    { order: { order_id: 1 } },
  ])('there are none in %j', (data) => {
    expect(surfaced(fields, data)).toBeNull()
    expect(surfacedText(fields, data)).toBeNull()
  })

  test('nothing inherited is taken for a field', () => {
    expect(surfaced(surfacedFields('constructor|toString|valueOf'), {})).toBeNull()
    expect(surfaced(surfacedFields('__proto__'), JSON.parse('{"__proto__": 1}'))).toEqual(
      JSON.parse('{"__proto__": 1}'),
    )
  })

  test.each(['order-id', '1st', 'a,,b|', 'a|', 'a b', 'a,a', 'a|b,a'])('%j stops the start', (spec) => {
    expect(() => surfacedFields(spec)).toThrow(
      /^FAENA_SURFACE is .*; allowed: names with aliases, as in order_id\|orderId/,
    )
  })

  test('a field may not hide a key that rows have anyway; an alias may be one', () => {
    for (const name of ['id', 'queue', 'job_class', 'failed_at', 'uuid', 'limit']) {
      expect(() => surfacedFields(`order_id,${name}`)).toThrow(
        new RegExp(`^field of FAENA_SURFACE is "${name}"; allowed: a name that rows do not use already`),
      )
    }
    expect(surfaced(surfacedFields('case_id|id'), { id: 9 })).toEqual({ case_id: 9 })
  })
})
