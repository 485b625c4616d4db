import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob } from '../core/job.ts'
import { inputText } from './input.ts'

const open = defineJob({ name: 'open', input: z.unknown() })

test.each<[string, unknown, string]>([
  ['plain values as they are', { a: [1, 'x', null, true, { b: -0.5 }] }, '{"a":[1,"x",null,true,{"b":-0.5}]}'],
  ['a Date as its text', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ['what has toJSON by that', { url: new URL('http://localhost/a') }, '{"url":"http://localhost/a"}'],
  ['undefined properties not at all', { a: undefined, b: 1 }, '{"b":1}'],
  ['objects without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ['a bare value', 'text', '"text"'],
  ['null', null, 'null'],
])('takes %s', (_, input, text) => {
  expect(inputText(open, input)).toBe(text)
})

class Order {
  id = 1
}
const circle: Record<string, unknown> = {}
circle.self = circle

test.each<[string, unknown, string]>([
  ['undefined', undefined, 'input is undefined'],
  ['NaN', { a: { b: [0, Number.NaN] } }, 'a.b.1 is NaN'],
  ['Infinity', [Number.NEGATIVE_INFINITY], '0 is -Infinity'],
  ['a bigint', { id: 1n }, 'id is a bigint'],
  ['a function', { run: () => 1 }, 'run is a function'],
  ['a symbol', { a: Symbol('x') }, 'a is a symbol'],
  ['undefined in a list', [1, undefined], '1 is undefined'],
  ['a hole in a list', new Array(1), '0 is undefined'],
  ['a Map', { m: new Map() }, 'm is an instance of Map, which has no toJSON'],
  ['bytes', { b: new Uint8Array(2) }, 'b is an instance of Uint8Array, which has no toJSON'],
  ['an instance of a class', new Order(), 'input is an instance of Order, which has no toJSON'],
])('refuses %s and says where it stands', (_, input, text) => {
  expect(() => inputText(open, input)).toThrow(`Input of job open is not plain JSON: ${text}`)
})

test('refuses an object that holds itself', () => {
  expect(() => inputText(open, circle)).toThrow(/nested deeper than 400 levels, or holds itself$/)
})

test('the schema checks the form a handler will be given, and what is stored is the input itself', () => {
  const job = defineJob({
    name: 'report',
    input: z.object({ at: z.coerce.date(), pages: z.number().default(10), by: z.string().optional() }),
  })

  expect(inputText(job, { at: new Date(0), by: undefined })).toBe('{"at":"1970-01-01T00:00:00.000Z"}')
})

test('names every field that the schema turns down', () => {
  const job = defineJob({ name: 'pair', input: z.object({ a: z.number(), b: z.object({ c: z.string() }) }) })

  expect(() => inputText(job, { a: 'x', b: { c: 1 } })).toThrow(
    expect.objectContaining({
      code: 'INVALID_INPUT',
      issues: [
        { path: 'a', message: expect.any(String) },
        { path: 'b.c', message: expect.any(String) },
      ],
    }),
  )
})

test('keeps the text of the moment of the call while an asynchronous schema thinks', async () => {
  const job = defineJob({ name: 'slow', input: z.object({ id: z.number().refine(async () => true) }) })
  const input = { id: 1 }

  const text = inputText(job, input)
  input.id = 2

  expect(await text).toBe('{"id":1}')
})
