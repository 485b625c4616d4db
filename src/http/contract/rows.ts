import { Type } from 'typebox'
import { anything, nullable, open, queueWord, text, wallTime, whole, yesNo } from './shapes.ts'

/** Rows as lists show them. Surfaced fields stand among the keys, so further keys are allowed. */

const rowId = Type.Unsafe<number | string>({
  type: ['integer', 'string'],
  description: 'Id of the row: a number, and a text where it is beyond 2^53',
})

const common = {
  uuid: nullable(text('The lasting identity of the job; null in rows that carry none')),
  tags: Type.Array(Type.String(), { description: 'Tags of the job' }),
}

export const jobRow = open(
  Type.Object(
    {
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
      delayed: yesNo('It is pending and not yet due'),
      ...common,
    },
    { description: 'A pending or reserved job; the surfaced fields stand among its keys' },
  ),
)

export const failedRow = open(
  Type.Object(
    {
      id: rowId,
      queue: queueWord,
      job_class: text('What the job is called: display name, else class', ['App\\Jobs\\NetsuiteSyncJob']),
      exception_short: text('Headline of the exception, at most 100 characters, with ... where there is more'),
      failed_at: wallTime('When it failed for good'),
      ...common,
    },
    { description: 'A failed job; the surfaced fields stand among its keys' },
  ),
)

export const queueCount = Type.Object({ queue: queueWord, count: whole('How many', 0) })

export const payloadView = anything('The payload, with secrets masked')
