import { FaenaError, notAllowed } from '../core/errors.ts'
import { queueName, wholeNumber } from '../core/job.ts'
import type { FailedFilter, JobFilter, Page } from '../store.ts'
import { jobRefs } from './refs.ts'

const STATUSES = ['pending', 'due', 'delayed', 'reserved']
const ORDERS = ['newest', 'oldest']
const JOB_KEYS = ['refs', 'queue', 'name', 'status', 'search', 'idAbove', 'idBelow', 'createdFrom', 'createdBefore']
const FAILED_KEYS = [
  ...['refs', 'queue', 'name', 'fingerprint', 'error', 'search', 'idAbove', 'idBelow', 'failedBefore', 'failedAfter'],
]
const LARGEST_PAGE = 1_000

export function checkJobFilter(filter: JobFilter): JobFilter {
  const given = withoutGaps(filter, JOB_KEYS)
  if (given.status !== undefined && !STATUSES.includes(given.status)) {
    throw notAllowed('BAD_ARGUMENT', 'status', given.status, STATUSES.join(', '))
  }
  checkTexts(given, ['name', 'search'])
  return checkedPlaces(given)
}

export function checkFailedFilter(filter: FailedFilter): FailedFilter {
  const given = withoutGaps(filter, FAILED_KEYS)
  checkTexts(given, ['name', 'fingerprint', 'error', 'search'])
  for (const name of ['failedBefore', 'failedAfter'] as const) {
    const value = given[name]
    if (value !== undefined && !Number.isFinite(value))
      throw notAllowed('BAD_ARGUMENT', name, value, 'unix milliseconds')
  }
  return checkedPlaces(given)
}

/** A bulk action on everything must be asked for by name, not by leaving the filter out. */
export function refuseEmpty(filter: object, everything: string): void {
  if (Object.keys(filter).length > 0) return
  throw new FaenaError('BAD_ARGUMENT', `The filter is empty; name what is meant, or ask for ${everything}`)
}

export function checkPage(page: Partial<Page>): Page {
  const { limit = 50, cursor, order = 'newest' } = page
  wholeNumber(limit, 1, LARGEST_PAGE, 'limit')
  if (!ORDERS.includes(order)) throw notAllowed('BAD_ARGUMENT', 'order', order, ORDERS.join(', '))
  return { limit, order, ...(cursor !== undefined && { cursor }) }
}

function checkedPlaces<Filter extends { refs?: JobFilter['refs']; queue?: string }>(filter: Filter): Filter {
  return {
    ...filter,
    ...(filter.refs !== undefined && { refs: jobRefs(filter.refs) }),
    ...(filter.queue !== undefined && { queue: queueName(filter.queue) }),
  }
}

function checkTexts<Filter extends object>(filter: Filter, names: readonly (keyof Filter & string)[]): void {
  for (const name of names) {
    const value = filter[name]
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw notAllowed('BAD_ARGUMENT', name, value, 'a text that is not empty')
    }
  }
}

/** A misspelt key must not widen what an action reaches, and a key without value means nothing. */
function withoutGaps<Filter extends object>(filter: Filter, keys: readonly string[]): Filter {
  const unknown = Object.keys(filter).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw notAllowed('BAD_ARGUMENT', 'filter', unknown, keys.join(', '))
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter
}
