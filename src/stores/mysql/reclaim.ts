import { CRASH_LIMIT, CRASH_PATIENCE_MS, crashesAfter } from '../../core/failure.ts'
import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { Reclaimed } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import type { Transaction } from './connection.ts'
import { type Context, dueSecond, nowMs } from './context.ts'
import { isJobOf } from './dialect.ts'
import { GIVE_BACK } from './endings.ts'
import { heldBy } from './held.ts'
import { among, rowList } from './text.ts'

/** Dead workers handled by one call; the rest wait for the next. */
const WORKERS_PER_RECLAIM = 8
const JOBS_PER_STEP = 200

interface LostWorker {
  id: number
  defaultTries: number
  /** Of its last settlement. */
  seq: number
}

interface HeldJob {
  id: number
  payload: string
  maxAttempts: number | null
  crashes: number
  /** That gave a count, in three places. */
  workers: (number | null)[]
  begunBy: number | null
  begunSeq: number | null
}

interface Crash {
  id: number
  uuid: string | null
  crashes: number
  workers: (number | null)[]
  /** This count is the one that decides. */
  decided: boolean
  single: boolean
}

/** Takes back the jobs of workers whose lease ended, each worker in a transaction of its own. */
export function reclaiming(context: Context) {
  const { connection, names } = context

  return async function reclaim(): Promise<Reclaimed> {
    const reclaimed: Reclaimed = { workers: [], returned: 0 }
    const [first] = await connection.query('common', [
      sql`select id, lease_until - ${nowMs(context)} as rest from ${names.workers} order by lease_until, id limit ${WORKERS_PER_RECLAIM}`,
    ])
    const dead = first!.rows.filter(({ rest }) => Number(rest) <= 0)
    if (dead.length === 0 && first!.rows.length > 0) return { ...reclaimed, calmMs: Number(first!.rows[0]!.rest) }
    for (const { id } of dead) {
      const worker = Number(id)
      const done = await connection.transaction(
        'common',
        (transaction) => reclaimWorker(context, transaction, worker),
        {
          slow: true,
        },
      )
      if (!done) continue
      if (done.handled) reclaimed.workers.push(worker)
      reclaimed.returned += done.returned
    }
    if (reclaimed.returned > 0) {
      context.views.lower()
      context.wake()
    }
    return reclaimed
  }
}

/** Undefined where somebody else handles the worker, or a last reservation of it is still being written. */
async function reclaimWorker(
  context: Context,
  transaction: Transaction,
  worker: number,
): Promise<(Omit<Reclaimed, 'workers'> & { handled?: boolean }) | undefined> {
  const { names } = context
  const [locked, settled] = await transaction.run(
    sql`select default_tries from ${names.workers} where id = ${worker} and lease_until <= ${nowMs(context)} for update skip locked`,
    sql`select coalesce(max(seq), 0) as seq from ${names.settlements} where worker = ${worker} and channel = 0`,
  )
  const row = locked!.rows[0]
  if (!row) {
    await transaction.rollback()
    return undefined
  }
  const lost = { id: worker, defaultTries: Number(row.default_tries), seq: Number(settled!.rows[0]!.seq) }
  const listed = await heldBy(context, transaction, worker)
  const ids = await stillHeld(context, transaction, worker, listed)
  const done: Omit<Reclaimed, 'workers'> = { returned: 0 }
  let seen = 0
  for (let at = 0; at < ids.length; at += JOBS_PER_STEP) {
    const held = await lockHeld(context, transaction, worker, ids.slice(at, at + JOBS_PER_STEP))
    seen += held.length
    if (held.length > 0)
      await transaction.run(
        ...giveBack(
          context,
          held.map((job) => crashOf(job, lost)),
        ),
      )
    done.returned += held.length
  }
  if (seen < ids.length && (await holdsStill(context, transaction, worker, ids))) return done
  await transaction.commit(
    sql`delete from ${names.workers} where id = ${worker}`,
    sql`delete from ${names.holds} where worker = ${worker}`,
  )
  return { ...done, handled: true }
}

/** A list of what a worker holds may also name jobs that have ended. */
async function stillHeld(
  { names }: Context,
  transaction: Transaction,
  worker: number,
  ids: readonly number[],
): Promise<number[]> {
  if (ids.length === 0) return []
  const [rows] = await transaction.run(
    sql`select id from ${names.jobs} where ${among('id', ids)} and reserved_by = ${worker} and reserved_at is not null order by id`,
  )
  return rows!.rows.map(({ id }) => Number(id))
}

/** Whether jobs are left that somebody has locked (an application's transaction that completes one of them). */
async function holdsStill(
  context: Context,
  transaction: Transaction,
  worker: number,
  ids: readonly number[],
): Promise<boolean> {
  const [left] = await transaction.run(
    sql`select exists(select 1 from ${context.names.jobs} where ${among('id', ids)} and reserved_by = ${worker}) as held`,
  )
  return Number(left!.rows[0]!.held) === 1
}

async function lockHeld(
  { names }: Context,
  transaction: Transaction,
  worker: number,
  ids: readonly number[],
): Promise<HeldJob[]> {
  const [rows, counted] = await transaction.run(
    sql`select id, payload, max_attempts from ${names.jobs} force index (primary)
         where ${among('id', ids)} and reserved_by = ${worker} and reserved_at is not null order by id for update skip locked`,
    sql`select r.job_id, r.crashes, r.worker_1, r.worker_2, r.worker_3, r.begun_by, r.begun_seq
          from ${names.reclaims} r join ${names.jobs} j on j.id = r.job_id
         where ${among('r.job_id', ids)} and (r.uuid is null or ${isJobOf(raw('r.uuid'))})`,
  )
  const known = new Map(counted!.rows.map((row) => [Number(row.job_id), row]))
  return rows!.rows.map((row: SqlRow): HeldJob => {
    const id = Number(row.id)
    const crashes = known.get(id)
    return {
      id,
      payload: String(row.payload),
      maxAttempts: row.max_attempts as number | null,
      crashes: Number(crashes?.crashes ?? 0),
      workers: [numberOf(crashes?.worker_1), numberOf(crashes?.worker_2), numberOf(crashes?.worker_3)],
      begunBy: numberOf(crashes?.begun_by),
      begunSeq: numberOf(crashes?.begun_seq),
    }
  })
}

function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

/** Once the worker has settled anything since, what it had begun has ended. One try begins when the job is taken. */
function crashOf(job: HeldJob, worker: LostWorker): Crash {
  const payload = tryReadPayload(job.payload)
  const crashes = crashesAfter(job.crashes, job.begunBy === worker.id && job.begunSeq === worker.seq)
  const counted = crashes > job.crashes
  const workers = [...job.workers]
  const free = workers.indexOf(null)
  if (counted && free >= 0) workers[free] = worker.id
  const single = (job.maxAttempts ?? maxAttemptsOf(payload) ?? worker.defaultTries) === 1
  const uuid = payload?.uuid?.slice(0, 255) ?? null
  return { id: job.id, uuid, crashes, workers, decided: counted && crashes === CRASH_LIMIT, single }
}

function giveBack(context: Context, crashes: readonly Crash[]): Sql[] {
  const { names } = context
  const rows = crashes.map((crash) => [crash.id, crash.uuid, crash.crashes, nowMs(context), ...crash.workers])
  const back = (which: readonly Crash[], set: Sql) => {
    const ids = which.map(({ id }) => id)
    return ids.length === 0
      ? []
      : [sql`update ${names.jobs} force index (primary) set ${set} where ${among('id', ids)}`]
  }
  const later = sql`available_at = greatest(available_at, ${dueSecond(context, CRASH_PATIENCE_MS)})`
  return [
    ...back(
      crashes.filter(({ decided }) => decided),
      later,
    ),
    ...back(
      crashes.filter(({ single }) => single),
      raw('reserved_at = null, reserved_by = null'),
    ),
    ...back(
      crashes.filter(({ single }) => !single),
      GIVE_BACK,
    ),
    sql`insert into ${names.reclaims} (job_id, uuid, crashes, at, worker_1, worker_2, worker_3) values ${rowList(rows)}
        on duplicate key update uuid = values(uuid), crashes = values(crashes), at = values(at), worker_1 = values(worker_1),
          worker_2 = values(worker_2), worker_3 = values(worker_3), begun_by = null, begun_seq = null`,
  ]
}
