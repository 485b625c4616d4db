import { type Static, Type } from 'typebox'
import type { FailedSearch, JobSearch } from '../../client/search.ts'
import type { Services } from '../services.ts'
import { limitParameter, momentForm, momentOf } from './parameters.ts'
import { nullable, queueWord, text, words, yesNo } from './shapes.ts'

/** What lists may be narrowed by beyond the document's own parameters. Surfaced fields are parameters too, by their names. */
const common = {
  job_class: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: 'Class or name of the job, in full' }),
  ),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'Text anywhere in the payload (of failed jobs also in the exception)',
    }),
  ),
  from: Type.Optional(momentForm),
  to: Type.Optional(momentForm),
  order: Type.Optional(words(['newest', 'oldest'], 'Which come first, by their ids; default newest')),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'next_cursor of the page before' })),
  limit: limitParameter,
}

export const jobQuery = { queue: Type.Optional(queueWord), ...common }

export const failedQuery = {
  queue: Type.Optional(queueWord),
  error: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'A fingerprint, or text in the exception, whatever its case',
    }),
  ),
  ...common,
}

/** Beside the rows, where there may be more of them. */
export const pageKeys = {
  next_cursor: nullable(text('Where the next page begins; null on the last')),
  partial: yesNo('The time for looking was over before the page was full: next_cursor goes on'),
}

const commonQuery = Type.Object(common)
const withError = Type.Object({ ...failedQuery })

type Common = Static<typeof commonQuery> & { queue?: string }

export function jobSearchOf(query: Common & Record<string, unknown>, { clock, fields }: Services): JobSearch {
  const { queue, job_class: jobClass, q, from, to } = query
  return {
    queue,
    jobClass,
    q,
    from: from === undefined ? undefined : momentOf(from, 'from', clock),
    to: to === undefined ? undefined : momentOf(to, 'to', clock),
    fields: fieldsIn(query, fields),
  }
}

export function failedSearchOf(
  query: Static<typeof withError> & Record<string, unknown>,
  services: Services,
): FailedSearch {
  return { ...jobSearchOf(query, services), error: query.error }
}

function fieldsIn(query: Record<string, unknown>, names: readonly string[]): Record<string, string> | undefined {
  const given = names.filter((name) => query[name] !== undefined).map((name) => [name, String(query[name])])
  return given.length === 0 ? undefined : Object.fromEntries(given)
}
