import { expect, test } from 'vitest'
import { bulkOf } from './bulk-of.ts'

test('a bulk action is told all that narrows the list, times by their names in its body', () => {
  const filter = { queue: 'mail', job_class: 'a', error: 'b', q: 'c', fields: { order_id: '7' } }
  expect(bulkOf({ ...filter, from: '2026-11-22 10:00:00', to: '2026-11-22 11:00:00' })).toEqual({
    ...filter,
    failed_after: '2026-11-22 10:00:00',
    failed_before: '2026-11-22 11:00:00',
  })
  expect(bulkOf({})).toEqual({})
})

test('of two fields, or of a value that is found by its beginning only, no bulk action is told', () => {
  expect(bulkOf({ fields: { order_id: '7', tienda_id: '8' } })).toBeUndefined()
  expect(bulkOf({ fields: { order_id: 'x'.repeat(181) } })).toBeUndefined()
  expect(bulkOf({ fields: { order_id: 'x'.repeat(180) } })).toBeDefined()
})
