import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { handle, isHandler, isJob } from './handler.ts'
import { defineJob } from './job.ts'

const input = z.object({ caseId: z.number() })

describe('defining a job', () => {
  test('gives a frozen definition with all times in ms and null for what it leaves to the worker', () => {
    const job = defineJob({ name: 'cases.fetch', input })
    expect(job).toMatchObject({
      kind: 'faena.job',
      name: 'cases.fetch',
      queue: 'default',
      tries: null,
      timeoutMs: null,
      retryForMs: null,
      backoff: null,
      backoffFunction: null,
      maxExceptions: null,
      keepResultMs: null,
      priority: 0,
      version: 1,
      unique: null,
      failOnTimeout: false,
    })
    expect(Object.isFrozen(job)).toBe(true)
    expect(
      defineJob({ name: 'a', input, timeout: '2m', backoff: ['1s'], tries: 0, timeoutless: 1 } as never),
    ).toMatchObject({
      timeoutMs: 120_000,
      backoff: [1_000],
      tries: 0,
    })
  })

  test('a backoff function is kept beside, since no payload can hold it', () => {
    const backoff = () => '1s' as const
    expect(defineJob({ name: 'a', input, backoff })).toMatchObject({ backoff: null, backoffFunction: backoff })
  })

  test.each([
    [{ name: '' }, 'name is ""; allowed: letters, digits'],
    [{ name: 'has space' }, 'name is "has space"'],
    [{ name: 'x'.repeat(192) }, 'name is "xxx'],
    [{ name: '.hidden' }, 'name is ".hidden"'],
    [{ input: undefined }, 'input of job a is "undefined"; allowed: a Standard Schema'],
    [{ queue: 'a,b' }, 'queue of job a is "a,b"; allowed: 1 to 255 characters without comma'],
    [{ queue: '' }, 'queue of job a is ""'],
    [{ tries: -1 }, 'tries of job a is -1; allowed: a whole number from 0 to 65535'],
    [{ tries: 1.5 }, 'tries of job a is 1.5'],
    [{ timeout: '60' }, 'timeout of job a is "60"; allowed: milliseconds'],
    [{ backoff: [] }, 'backoff of job a is \\[\\]'],
    [{ maxExceptions: 0 }, 'maxExceptions of job a is 0; allowed: a whole number from 1'],
    [{ priority: 40_000 }, 'priority of job a is 40000; allowed: a whole number from -32768 to 32767'],
    [{ version: 0 }, 'version of job a is 0'],
  ])('%j is refused', (options, message) => {
    expect(() => defineJob({ name: 'a', input, ...options } as never)).toThrow(new RegExp(`^${message}`))
  })
})

describe('binding a handler', () => {
  const job = defineJob({ name: 'a', input })

  test('gives a plain object that is told from anything else a module exports', () => {
    const handler = handle(job, async () => {})
    expect(handler).toMatchObject({ job, middleware: [], isolate: null })
    expect([handler, job, null, {}, () => {}, 'a'].map(isHandler)).toEqual([true, false, false, false, false, false])
    expect([handler, job, null, {}, () => {}, 'a'].map(isJob)).toEqual([false, true, false, false, false, false])
  })
})
