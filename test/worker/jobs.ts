import { defineJob, type JobDefinition, type JobOptions } from '../../src/core/job.ts'
import type { StandardSchema } from '../../src/core/schema.ts'

/** A schema that takes anything as it is. */
export function any<T>(): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as T }) } }
}

type Wish = Partial<Omit<JobOptions<StandardSchema<Record<string, unknown>>, unknown>, 'input'>>

/** A job that is retried at once. */
export function aJob(wish: Wish = {}): JobDefinition<Record<string, unknown>> {
  return defineJob({ name: 'cases.fetch', input: any<Record<string, unknown>>(), tries: 3, backoff: 0, ...wish })
}
