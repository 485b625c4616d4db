import { Type } from 'typebox'
import { nullable, open, queueWord, text, wallTime, whole, words } from './shapes.ts'

/** Rows as lists show them. Surfaced fields stand among the keys, so further keys are allowed. */

const rowId = Type.Unsafe<number | string>({
  type: ['integer', 'string'],
  description: 'Id of the row: a number, and a text where it is beyond 2^53',
})

const common = {
  uuid: nullable(text('The lasting identity of the job; null in rows that carry none')),
  name: nullable(text('What a handler of Faena finds it by; null for jobs of another runtime')),
  tags: Type.Array(Type.String(), { description: 'Tags of the job' }),
}

export const jobRowKeys = {
  id: rowId,
  queue: queueWord,
  attempts: whole('Attempts so far, one under way included', 0),
  max_attempts: whole('Attempts before it fails for good; 0 = no limit', 0),
  job_class: text('What the job is called: display name, else class', ['App\\Jobs\\NetsuiteSyncJob']),
  created_at_human: wallTime('When it was dispatched'),
  available_at_human: wallTime('When it is due'),
  reserved_at_human: nullable(wallTime('When a worker took it; null while it is pending')),
  age_seconds: whole('Seconds since it was dispatched', 0),
  priority: whole('Smaller runs first; 0 is normal'),
  status: words(['due', 'delayed', 'reserved'], 'due and delayed are the two kinds of pending'),
  ...common,
}

export const failedRowKeys = {
  id: rowId,
  queue: queueWord,
  job_class: text('What the job is called: display name, else class', ['App\\Jobs\\NetsuiteSyncJob']),
  exception_short: text('Headline of the exception, at most 100 characters, with ... where there is more'),
  failed_at: text('When it failed for good, as the table has it', ['2025-11-07 17:45:59']),
  fingerprint: nullable(text('Failures of one kind have one fingerprint; null until it was looked at')),
  ...common,
}

export const jobRow = open(
  Type.Object(jobRowKeys, { description: 'A pending or reserved job; the surfaced fields stand among its keys' }),
)

export const failedRow = open(
  Type.Object(failedRowKeys, { description: 'A failed job; the surfaced fields stand among its keys' }),
)

export const queueCount = Type.Object({ queue: queueWord, count: whole('How many', 0) })
