import { spoken } from '../core/duration.ts'
import { tryReadPayload } from '../core/payload.ts'
import type { Finding, Store } from '../store.ts'
import { readStatus, type Status } from './status.ts'

const LOOKED_AT = 1_000
const LONG_RESERVED_MS = 300_000
const LATE_SCHEDULE_MS = 120_000
const CLOCKS_APART_MS = 5_000

/** What the store knows of itself, and what its contents tell of workers and jobs. Problems first; each says what to do. */
export async function examine(store: Store): Promise<Finding[]> {
  const findings = await store.diagnose()
  const began = Date.now()
  const status = await readStatus(store)
  findings.push(
    ...clocks(status, began),
    ...unserved(status),
    ...paused(status),
    ...(await corrupt(store)),
    ...(await longReserved(store, status)),
    ...(await lateSchedules(store, status)),
  )
  const rank = { problem: 0, warning: 1, ok: 2 }
  return findings.sort((a, b) => rank[a.level] - rank[b.level])
}

/** The store's clock alone decides when jobs are due; an application whose clock differs computes wrong `availableAt`. */
function clocks({ at }: Status, began: number): Finding[] {
  const apart = at < began ? began - at : Math.max(0, at - Date.now())
  if (apart < CLOCKS_APART_MS) return []
  const text = `The clock of this machine and the store's are ${spoken(apart)} apart.`
  return [{ level: 'warning', topic: 'clock', text, remedy: 'Let both machines keep time by NTP.' }]
}

function unserved({ unserved: queues, queues: all }: Status): Finding[] {
  return queues.map((queue) => {
    const { due, delayed, reserved } = all.find((one) => one.queue === queue)!
    return {
      level: due > 0 ? ('problem' as const) : ('warning' as const),
      topic: 'workers',
      text: `No live worker serves queue ${queue} (${due} due, ${delayed} delayed, ${reserved} reserved).`,
      remedy: `Start one: faena work --queue ${queue}`,
    }
  })
}

function paused({ queues, at }: Status): Finding[] {
  return queues
    .filter(({ pausedAt, due }) => pausedAt !== null && due > 0)
    .map(({ queue, due, pausedAt, pauseReason }) => ({
      level: 'warning' as const,
      topic: 'paused',
      text: `Queue ${queue} has been paused for ${spoken(at - (pausedAt ?? at))}${pauseReason === null ? '' : ` (${pauseReason})`}; ${due} jobs are due.`,
      remedy: `faena resume ${queue}`,
    }))
}

async function corrupt(store: Store): Promise<Finding[]> {
  const { rows } = await store.list({}, { limit: LOOKED_AT, order: 'oldest' })
  const bad = rows.filter(({ payload }) => tryReadPayload(payload) === undefined)
  if (bad.length === 0) return []
  const ids = bad.slice(0, 5).map(({ id }) => id)
  return [
    {
      level: 'warning',
      topic: 'corrupt rows',
      text: `${bad.length} of the ${rows.length} oldest jobs have a payload that is not a JSON object with a job (ids ${ids.join(', ')}${bad.length > 5 ? ', …' : ''}).`,
      remedy: 'Workers fail them into failed_jobs as they come to them; find out what writes them.',
    },
  ]
}

async function longReserved(store: Store, { at }: Status): Promise<Finding[]> {
  const [{ rows }, workers] = await Promise.all([
    store.list({ status: 'reserved' }, { limit: LOOKED_AT, order: 'oldest' }),
    store.workers(),
  ])
  const alive = new Set(workers.map(({ id }) => id))
  const old = rows.filter(({ reservedAt }) => at - (reservedAt ?? at) > LONG_RESERVED_MS)
  const orphaned = old.filter(({ reservedBy }) => reservedBy !== null && !alive.has(reservedBy))
  const held = old.length - orphaned.length
  const findings: Finding[] = []
  if (orphaned.length > 0) {
    const text = `${orphaned.length} jobs are reserved by workers whose lease ended (first: ${orphaned[0]!.id}).`
    findings.push({
      level: 'problem',
      topic: 'reserved',
      text,
      remedy: 'Start a worker or the scheduler: it gives them back.',
    })
  }
  if (held > 0) {
    const text = `${held} jobs have been reserved for over ${spoken(LONG_RESERVED_MS)}.`
    findings.push({ level: 'warning', topic: 'reserved', text, remedy: 'Look at them: faena jobs --status reserved' })
  }
  return findings
}

async function lateSchedules(store: Store, { at }: Status): Promise<Finding[]> {
  const schedules = await store.schedules()
  const late = schedules.filter(
    ({ nextAt, pausedAt }) => pausedAt === null && nextAt !== null && at - nextAt > LATE_SCHEDULE_MS,
  )
  if (late.length === 0) return []
  const text = `${late.length} schedules are overdue (first: ${late[0]!.key}): no scheduler runs.`
  return [{ level: 'problem', topic: 'schedules', text, remedy: 'Start one: faena work, or faena start, runs it.' }]
}
