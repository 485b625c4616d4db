import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Alert, api, ask } from './client.ts'
import { setWallClock } from './wall-clock.ts'

/**
 * What pages read, by key. The first part of a key is the topic that live events make anew (`live/topics.ts`); lists of
 * rows that people work on lie under `rows` and decide themselves when to be read again (`live/use-rows.ts`).
 */
const BASE = '/api/v1/queue'

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => ask(api.GET(`${BASE}/me`, { signal })),
  staleTime: 60_000,
  retry: false,
})

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: async ({ signal }) => {
    const status = await ask(api.GET(`${BASE}/status`, { signal }))
    setWallClock(status.timestamp)
    return status
  },
})

export const queuesQuery = queryOptions({
  queryKey: ['queues'],
  queryFn: async ({ signal }) => (await ask(api.GET(`${BASE}/queues`, { signal }))).queues,
})

export const workersQuery = queryOptions({
  queryKey: ['workers'],
  queryFn: async ({ signal }) => (await ask(api.GET(`${BASE}/workers`, { signal }))).workers,
})

export const schedulesQuery = queryOptions({
  queryKey: ['schedules'],
  queryFn: async ({ signal }) => (await ask(api.GET(`${BASE}/schedules`, { signal }))).schedules,
})

export const operationsQuery = queryOptions({
  queryKey: ['operations'],
  queryFn: async ({ signal }) =>
    (await ask(api.GET(`${BASE}/operations`, { signal, params: { query: { limit: 20 } } }))).operations,
})

export const openAlertsQuery = queryOptions({
  queryKey: ['alerts', 'open'],
  queryFn: async ({ signal }) =>
    (await ask(api.GET(`${BASE}/alerts`, { signal, params: { query: { state: 'open', limit: 20 } } }))).alerts,
})

export interface AlertsFilter {
  state?: 'open' | 'resolved'
  rule?: Alert['rule']
}

export function alertsQuery(filter: AlertsFilter) {
  return infiniteQueryOptions({
    queryKey: ['alerts', filter],
    queryFn: async ({ signal, pageParam }) => {
      const query = { ...filter, limit: PAGE_ROWS, ...(pageParam !== '' && { cursor: pageParam }) }
      const { alerts: rows, next_cursor: next } = await ask(api.GET(`${BASE}/alerts`, { signal, params: { query } }))
      return { rows, next, partial: false }
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

export interface FailedNarrowing {
  queue?: string
  job_class?: string
  error?: string
  from?: string
  to?: string
}

export function failedGroupsQuery(narrowing: FailedNarrowing, limit = 200) {
  return queryOptions({
    queryKey: ['failed', 'groups', narrowing, limit],
    queryFn: async ({ signal }) =>
      (await ask(api.GET(`${BASE}/failed/groups`, { signal, params: { query: { ...narrowing, limit } } }))).groups,
    placeholderData: keepPreviousData,
  })
}

/** `hours` back from now, in `steps` steps. */
export function failedHistogramQuery(hours: number, stepSeconds: number) {
  return queryOptions({
    queryKey: ['failed', 'histogram', hours, stepSeconds],
    queryFn: ({ signal }) => {
      const from = Math.floor(Date.now() / 1_000) - hours * 3_600
      const query = { from: from - (from % stepSeconds), step: stepSeconds }
      return ask(api.GET(`${BASE}/failed/histogram`, { signal, params: { query } }))
    },
    placeholderData: keepPreviousData,
  })
}

export function metricsQuery(hours: number, stepSeconds: number, narrowing: { queue?: string; name?: string } = {}) {
  return queryOptions({
    queryKey: ['metrics', hours, stepSeconds, narrowing],
    queryFn: ({ signal }) => {
      const from = Math.floor(Date.now() / 1_000) - hours * 3_600
      const query = { from: from - (from % stepSeconds), step: stepSeconds, ...narrowing }
      return ask(api.GET(`${BASE}/metrics`, { signal, params: { query } }))
    },
    placeholderData: keepPreviousData,
  })
}

export interface JobsFilter {
  status: 'all' | 'pending' | 'reserved'
  queue?: string
  job_class?: string
  q?: string
  from?: string
  to?: string
  order?: 'newest' | 'oldest'
  /** Surfaced fields by their names. */
  fields?: Readonly<Record<string, string>>
}

export interface FailedFilter extends Omit<JobsFilter, 'status'> {
  error?: string
}

export const PAGE_ROWS = 100

export function jobsQuery({ fields, ...filter }: JobsFilter) {
  return infiniteQueryOptions({
    queryKey: ['rows', 'jobs', filter, fields],
    queryFn: async ({ signal, pageParam }) => {
      const query = { ...filter, ...fields, limit: PAGE_ROWS, ...(pageParam !== '' && { cursor: pageParam }) }
      const { jobs: rows, next_cursor, partial } = await ask(api.GET(`${BASE}/jobs`, { signal, params: { query } }))
      return { rows, next: next_cursor, partial }
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

export function failedQuery({ fields, ...filter }: FailedFilter) {
  return infiniteQueryOptions({
    queryKey: ['rows', 'failed', filter, fields],
    queryFn: async ({ signal, pageParam }) => {
      const query = { ...filter, ...fields, limit: PAGE_ROWS, ...(pageParam !== '' && { cursor: pageParam }) }
      const answer = await ask(api.GET(`${BASE}/failed`, { signal, params: { query } }))
      return { rows: answer.failed_jobs, next: answer.next_cursor, partial: answer.partial }
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: ['job', id],
    queryFn: ({ signal }) => ask(api.GET(`${BASE}/jobs/{id}`, { signal, params: { path: { id } } })),
    retry: false,
  })
}

export function failedJobQuery(id: string) {
  return queryOptions({
    queryKey: ['failed', 'job', id],
    queryFn: ({ signal }) => ask(api.GET(`${BASE}/failed/{id}`, { signal, params: { path: { id } } })),
    retry: false,
  })
}

export function whyQuery(id: string) {
  return queryOptions({
    queryKey: ['job', id, 'why'],
    queryFn: ({ signal }) => ask(api.GET(`${BASE}/jobs/{id}/why`, { signal, params: { path: { id } } })),
    retry: false,
  })
}
