import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { checkInput, type StandardSchema } from './schema.ts'

const order = z.object({ orderId: z.number(), lines: z.array(z.object({ sku: z.string().trim() })) })

describe('checking an input', () => {
  test('answers at once with what the schema makes of it', () => {
    expect(checkInput(order, { orderId: 7, lines: [{ sku: ' a ' }] }, 'orders.sync')).toEqual({
      orderId: 7,
      lines: [{ sku: 'a' }],
    })
  })

  test('names the job and every field at fault with its path', () => {
    expect(() => checkInput(order, { orderId: '7', lines: [{ sku: 'a' }, {}] }, 'orders.sync')).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/^Input of job orders\.sync is not valid: orderId: .*; lines\.1\.sku: /),
        issues: [
          { path: 'orderId', message: expect.any(String) },
          { path: 'lines.1.sku', message: expect.any(String) },
        ],
      }),
    )
  })

  test('waits for a schema that looks something up', async () => {
    const known = z.object({ id: z.number().refine(async (id) => id < 10, 'no such case') })
    await expect(checkInput(known, { id: 3 }, 'a')).resolves.toEqual({ id: 3 })
    await expect(checkInput(known, { id: 30 }, 'a')).rejects.toThrow('Input of job a is not valid: id: no such case')
  })

  test('takes any Standard Schema, with paths in both of its forms and issues of none', () => {
    const strict: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => ({ issues: [{ message: 'no', path: ['a', { key: 0 }, Symbol('b')] }, { message: 'never' }] }),
      },
    }
    expect(() => checkInput(strict, 1, 'a')).toThrow('Input of job a is not valid: a.0.Symbol(b): no; never')
  })

  test('without a schema anything is allowed', () => {
    expect(checkInput(undefined, { any: 1 }, 'a')).toEqual({ any: 1 })
  })
})
