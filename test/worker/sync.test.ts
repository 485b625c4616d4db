import { expect, test } from 'vitest'
import { z } from 'zod'
import { handle } from '../../src/core/handler.ts'
import { defineJob } from '../../src/core/job.ts'
import { syncRunner } from '../../src/worker/sync.ts'
import { aJob } from './jobs.ts'
import { abortOf, newJob } from './support.ts'

const order = defineJob({ name: 'orders.sync', input: z.object({ id: z.coerce.number() }), tries: 3 })

test('a job runs in the call that dispatches it, and its result is the answer', async () => {
  const run = syncRunner([handle(order, ({ input, attempt, queue }) => ({ id: input.id, attempt, queue }))])

  expect(await run(newJob(order, { id: '7' }).payload, 'orders')).toEqual({ id: 7, attempt: 1, queue: 'orders' })
})

test('what the handler throws is thrown to the caller, after the failed hook', async () => {
  const failures: unknown[] = []
  const job = aJob({ failed: ({ error }) => void failures.push(error) })
  const error = new Error('gone away')
  const run = syncRunner([handle(job, () => Promise.reject(error))])

  await expect(run(newJob(job).payload, 'default')).rejects.toBe(error)
  expect(failures).toEqual([error])
})

test('middleware, checks and timeout hold as in a worker', async () => {
  const seen: string[] = []
  const job = aJob({ name: 'slow', timeout: 20 })
  const run = syncRunner(
    [handle(order, () => {}), handle(job, ({ signal }) => abortOf(signal).then(() => signal.throwIfAborted()))],
    {
      middleware: [
        async ({ name }, next) => {
          seen.push(name)
          return next()
        },
      ],
    },
  )

  await expect(run(newJob(order, { id: 'x' }).payload, 'default')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(run(newJob(job).payload, 'default')).rejects.toMatchObject({ code: 'JOB_TIMED_OUT' })
  expect(seen).toEqual(['slow'])
})

test('a caller does not wait for a handler that ignores its timeout', async () => {
  const job = aJob({ timeout: 20 })
  const run = syncRunner([handle(job, () => new Promise(() => {}))], { graceMs: 20 })

  await expect(run(newJob(job).payload, 'default')).rejects.toMatchObject({ code: 'JOB_TIMED_OUT' })
})

test('a job without a handler here is refused with what to do', async () => {
  const run = syncRunner([handle(order, () => {})])

  await expect(run(newJob(aJob()).payload, 'default')).rejects.toMatchObject({ code: 'UNKNOWN_JOB' })
})

test('a release has no later to go to', async () => {
  const job = aJob()
  const run = syncRunner([handle(job, ({ release }) => release('1m'))])

  expect(await run(newJob(job).payload, 'default')).toBeUndefined()
})
