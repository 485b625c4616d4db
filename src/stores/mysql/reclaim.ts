import { CRASH_LIMIT, crashError, crashesAfter, failureOf } from '../../core/failure.ts'
import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { FailedJob, Reclaimed } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import type { Transaction } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { isJobOf } from './dialect.ts'
import { failedStatements, freeKeys, GIVE_BACK } from './endings.ts'
import { heldBy } from './held.ts'
import { among, rowList } from './text.ts'

/** Dead workers handled by one call; the rest wait for the next. */
const WORKERS_PER_RECLAIM = 8
const JOBS_PER_STEP = 200

interface HeldJob {
  id: number
  queue: string
  payload: string
  name: string | null
  maxAttempts: number | null
  crashes: number
}

/** Takes back the jobs of workers whose lease ended, each worker in a transaction of its own. */
export function reclaiming(context: Context) {
  const { connection, names } = context

  return async function reclaim(): Promise<Reclaimed> {
    const reclaimed: Reclaimed = { workers: [], returned: 0, failed: [] }
    const [dead] = await connection.query('common', [
      sql`select id from ${names.workers} where lease_until <= ${nowMs(context)} order by id limit ${WORKERS_PER_RECLAIM}`,
    ])
    for (const { id } of dead!.rows) {
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
      reclaimed.failed.push(...done.failed)
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
  const { names, wallClock } = context
  const [locked, time] = await transaction.run(
    sql`select default_tries from ${names.workers} where id = ${worker} and lease_until <= ${nowMs(context)} for update skip locked`,
    sql`select ${nowMs(context)} as now`,
  )
  const row = locked!.rows[0]
  if (!row) {
    await transaction.rollback()
    return undefined
  }
  const now = Number(time!.rows[0]!.now)
  const listed = await heldBy(context, transaction, worker)
  const ids = await stillHeld(context, transaction, worker, listed)
  const done: Omit<Reclaimed, 'workers'> = { returned: 0, failed: [] }
  let seen = 0
  for (let at = 0; at < ids.length; at += JOBS_PER_STEP) {
    const held = await lockHeld(context, transaction, worker, ids.slice(at, at + JOBS_PER_STEP))
    seen += held.length
    const back: { id: number; uuid: string | null; crashes: number }[] = []
    for (const job of held) {
      const payload = tryReadPayload(job.payload)
      const crashes = crashesAfter(job.crashes, ids.length === 1)
      const single = (job.maxAttempts ?? maxAttemptsOf(payload) ?? Number(row.default_tries)) === 1
      if (single || crashes >= CRASH_LIMIT) {
        done.failed.push(await failCrashed(context, transaction, job, crashes, single, wallClock.text(now)))
      } else {
        back.push({ id: job.id, uuid: payload?.uuid ?? null, crashes })
      }
    }
    if (back.length > 0) await transaction.run(...giveBack(context, back, now))
    done.returned += back.length
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
    sql`select id, queue, payload, name, max_attempts from ${names.jobs} force index (primary)
         where ${among('id', ids)} and reserved_by = ${worker} and reserved_at is not null order by id for update skip locked`,
    sql`select r.job_id, r.crashes from ${names.reclaims} r join ${names.jobs} j on j.id = r.job_id
         where ${among('r.job_id', ids)} and (r.uuid is null or ${isJobOf(raw('r.uuid'))})`,
  )
  const crashes = new Map(counted!.rows.map((row) => [Number(row.job_id), Number(row.crashes)]))
  return rows!.rows.map((row: SqlRow) => ({
    id: Number(row.id),
    queue: String(row.queue),
    payload: String(row.payload),
    name: row.name as string | null,
    maxAttempts: row.max_attempts as number | null,
    crashes: crashes.get(Number(row.id)) ?? 0,
  }))
}

function giveBack(
  { names }: Context,
  jobs: readonly { id: number; uuid: string | null; crashes: number }[],
  now: number,
): Sql[] {
  const rows = jobs.map(({ id, uuid, crashes }) => [id, uuid?.slice(0, 255) ?? null, crashes, now])
  return [
    sql`update ${names.jobs} force index (primary) set ${GIVE_BACK} where ${among(
      'id',
      jobs.map(({ id }) => id),
    )}`,
    sql`insert into ${names.reclaims} (job_id, uuid, crashes, at) values ${rowList(rows)}
        on duplicate key update uuid = values(uuid), crashes = values(crashes), at = values(at)`,
  ]
}

async function failCrashed(
  context: Context,
  transaction: Transaction,
  job: HeldJob,
  crashes: number,
  single: boolean,
  failedAt: string,
): Promise<FailedJob> {
  const { names, connectionName, wallClock } = context
  const failure = failureOf(job, crashError(job.name ?? 'of no name', crashes, single))
  const answers = await transaction.run(
    ...failedStatements(context, job.id, failure, failedAt),
    sql`delete from ${names.jobs} where id = ${job.id}`,
    sql`delete from ${names.reclaims} where job_id = ${job.id}`,
    freeKeys(context, [job.id]),
  )
  const { uuid, exception, name, fingerprint, headline } = failure
  return {
    id: answers[1]!.insertId,
    uuid,
    connection: connectionName,
    queue: job.queue,
    payload: failure.payload ?? job.payload,
    exception,
    failedAt: wallClock.read(failedAt) ?? 0,
    failedAtText: failedAt,
    name,
    fingerprint,
    headline,
  }
}
