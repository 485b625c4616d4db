import type { Alert, AlertChange, AlertStore, FailureCount, OverdueQueue } from '../../store.ts'
import type { DeskTables } from './desk.ts'
import { pageOf, statusOf } from './filter.ts'
import { checkJob, pushOne, refuseDuplicates } from './push.ts'
import { type Tables, wakeListeners } from './tables.ts'

export function alerting(tables: Tables): AlertStore {
  const { clock } = tables
  const { alerts: table, watch } = tables.desk
  const byId = (id: number) => [...table.values()].find((one) => one.id === id)
  const change = (id: number, patch: Partial<Alert>) => {
    const found = byId(id)
    if (found === undefined) return false
    table.set(found.key, { ...found, ...patch })
    return true
  }
  return {
    takeWatch: async (owner, leaseMs) => {
      const now = clock()
      if (watch.owner !== owner && watch.leaseUntil > now) return undefined
      if (watch.owner !== owner) watch.fence += 1
      watch.owner = owner
      watch.leaseUntil = now + leaseMs
      return { fence: watch.fence, state: watch.state, now, lastFailed: tables.failed.lastId }
    },
    leaveWatch: async (owner) => {
      if (watch.owner === owner) watch.leaseUntil = 0
    },
    decide: async ({ fence, state, alerts, jobs }) => {
      if (watch.fence !== fence) return false
      for (const job of jobs) checkJob(tables, job)
      refuseDuplicates(tables, jobs)
      watch.state = state
      for (const each of alerts) write(tables.desk, each)
      for (const job of jobs) pushOne(tables, job)
      if (jobs.length > 0) wakeListeners(tables)
      return true
    },
    alert: async (id) => structuredClone(byId(id)),
    alerts: async ({ state, rule, keys }, page) => {
      const found = [...table.values()].filter(
        (one) =>
          (state === undefined || one.state === state) &&
          (rule === undefined || one.rule === rule) &&
          (keys === undefined || one.state === 'open' || keys.includes(one.key)),
      )
      return structuredClone(pageOf(found, page))
    },
    muteAlert: async (id, { until, by }) => change(id, { mutedUntil: until, mutedBy: until === null ? null : by }),
    acknowledgeAlert: async (id, by) =>
      byId(id)?.state === 'open' && change(id, { acknowledgedAt: clock(), acknowledgedBy: by }),
    failures: async (above, mark, limit) => failures(tables, above, mark).slice(0, limit),
    overdue: async (olderThanMs) => overdue(tables, olderThanMs),
  }
}

function write({ alerts: table, watch }: DeskTables, { reopened, ...change }: AlertChange): void {
  const known = table.get(change.key)
  const mute = { mutedUntil: known?.mutedUntil ?? null, mutedBy: known?.mutedBy ?? null }
  const seenTo = reopened
    ? { acknowledgedAt: null, acknowledgedBy: null }
    : { acknowledgedAt: known?.acknowledgedAt ?? null, acknowledgedBy: known?.acknowledgedBy ?? null }
  if (known === undefined) watch.lastAlert += 1
  table.set(change.key, { ...change, ...mute, ...seenTo, id: known?.id ?? watch.lastAlert })
}

function failures({ failed }: Tables, above: number, mark: number): FailureCount[] {
  const groups = new Map<string, FailureCount>()
  for (const { id, label, queue } of failed.all()) {
    if (label === null || id <= above) continue
    const { fingerprint, name, headline } = label
    const known = groups.get(fingerprint)
    groups.set(fingerprint, {
      ...{ fingerprint, name, queue, headline, lastId: id },
      count: (known?.count ?? 0) + 1,
      later: (known?.later ?? 0) + (id > mark ? 1 : 0),
    })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.lastId - a.lastId)
}

function overdue({ jobs, queues, clock }: Tables, olderThanMs: number): OverdueQueue[] {
  const now = clock()
  const found = new Map<string, OverdueQueue>()
  for (const row of jobs.all()) {
    const ageMs = now - row.availableAt
    if (statusOf(row, now) !== 'due' || ageMs <= olderThanMs || queues.get(row.queue)?.pausedAt != null) continue
    const known = found.get(row.queue)
    found.set(row.queue, {
      queue: row.queue,
      count: (known?.count ?? 0) + 1,
      ageMs: Math.max(known?.ageMs ?? 0, ageMs),
    })
  }
  return [...found.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
}
