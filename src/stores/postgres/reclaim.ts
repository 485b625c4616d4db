import { CRASH_LIMIT, crashError, crashesAfter, failureOf } from '../../core/failure.ts'
import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { FailedJob, Failure, Reclaimed } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray, storable, textArray } from './client.ts'
import { LONG, type Run } from './connection.ts'
import { type Context, nowMs, wallTime } from './context.ts'
import { mayBeHeldBy } from './holds.ts'
import { GIVE_BACK, returned, takeAway } from './lease.ts'
import { isJobOf } from './payload-functions.ts'

/** Workers whose lease ended that are handled in one transaction; the rest wait for the next call. */
const WORKERS_PER_RECLAIM = 8

interface HeldRow {
  id: number
  queue: string
  payload: string
  name: string | null
  max_attempts: number | null
  reserved_by: number
  crashes: number
}

interface Crash {
  job: HeldRow
  crashes: number
  single: boolean
}

/**
 * Gives back what workers held whose lease ended. Each such worker's row is locked by one caller and passed by by the
 * others. The jobs are found by the workers' lists (see holds.ts).
 */
export function reclaiming(context: Context) {
  const { connection, names } = context
  const workers = raw(names.own('workers'))

  return async function reclaim(): Promise<Reclaimed> {
    const ended = sql`select id, default_tries from ${workers} where lease_until <= ${nowMs(context)} order by id`
    if ((await connection.query('common', sql`${ended} limit 1`)).length === 0)
      return { workers: [], returned: 0, failed: [] }
    const reclaimed = await connection.transaction(
      'common',
      async (run) => {
        const rows = await run(sql`${ended} limit ${WORKERS_PER_RECLAIM} for update skip locked`)
        return takeBack(context, run, new Map(rows.map((row) => [row.id as number, row.default_tries as number])))
      },
      LONG,
    )
    if (reclaimed.returned > 0) returned(context)
    return reclaimed
  }
}

async function takeBack(context: Context, run: Run, defaultTries: Map<number, number>): Promise<Reclaimed> {
  const ids = [...defaultTries.keys()]
  if (ids.length === 0) return { workers: [], returned: 0, failed: [] }
  const own = (name: string) => raw(context.names.own(name))
  const maybe = await mayBeHeldBy(context, run, ids)
  const held = (await run(sql`
    select j.id, j.queue, j.payload, j.name, j.max_attempts, j.reserved_by, coalesce(r.crashes, 0) as crashes
      from ${raw(context.names.jobs)} j left join ${own('reclaims')} r on r.job_id = j.id and (r.uuid is null or ${raw(isJobOf('r.uuid'))})
     where ${maybe} and j.reserved_by = any(${numberArray(ids)}::bigint[]) and j.reserved_at is not null
     order by j.id for update of j skip locked`)) as unknown as HeldRow[]
  const open = await openWorkers(context, run, maybe, ids, held)
  const counts = Map.groupBy(held, (job) => job.reserved_by)
  const crashes = held.map((job): Crash => {
    const alone = counts.get(job.reserved_by)?.length === 1 && !open.has(job.reserved_by)
    const tries = job.max_attempts ?? maxAttemptsOf(tryReadPayload(job.payload)) ?? defaultTries.get(job.reserved_by)
    return { job, crashes: crashesAfter(job.crashes, alone), single: tries === 1 }
  })
  const spent = crashes.filter((crash) => crash.single || crash.crashes >= CRASH_LIMIT)
  const returned = crashes.filter((crash) => !spent.includes(crash))
  if (returned.length > 0) await giveBack(context, run, returned)
  const failed = spent.length > 0 ? await fail(context, run, spent) : []
  const handled = ids.filter((id) => !open.has(id))
  if (handled.length > 0) await run(takeAway(context, handled))
  return { workers: handled, returned: returned.length, failed }
}

/** Workers one of whose jobs somebody has locked (an application's transaction that completes it): they are left for a later call. */
async function openWorkers(
  context: Context,
  run: Run,
  maybe: Sql,
  ids: readonly number[],
  taken: readonly HeldRow[],
): Promise<Set<number>> {
  const rows = await run(sql`
    select distinct j.reserved_by from ${raw(context.names.jobs)} j
     where ${maybe} and j.reserved_by = any(${numberArray(ids)}::bigint[]) and j.reserved_at is not null
       and j.id <> all(${numberArray(taken.map(({ id }) => id))}::bigint[])`)
  return new Set(rows.map((row) => row.reserved_by as number))
}

async function giveBack(context: Context, run: Run, crashes: Crash[]): Promise<void> {
  const ids = numberArray(crashes.map(({ job }) => job.id))
  await run(sql`update ${raw(context.names.jobs)} set ${GIVE_BACK} where id = any(${ids}::bigint[])`)
  await run(sql`
    insert into ${raw(context.names.own('reclaims'))} (job_id, uuid, crashes, at)
    select c.job_id, c.uuid, c.crashes, ${nowMs(context)}
      from unnest(${ids}::bigint[], ${textArray(crashes.map(({ job }) => tryReadPayload(job.payload)?.uuid ?? null))}::text[],
                  ${numberArray(crashes.map((crash) => crash.crashes))}::integer[]) c(job_id, uuid, crashes)
    on conflict (job_id) do update set uuid = excluded.uuid, crashes = excluded.crashes, at = excluded.at`)
}

async function fail(context: Context, run: Run, crashes: Crash[]): Promise<FailedJob[]> {
  const failures = crashes.map(({ job, crashes: count, single }) => ({
    job,
    failure: failureOf(job, crashError(job.name ?? 'of no name', count, single)),
  }))
  const ids = numberArray(crashes.map(({ job }) => job.id))
  const own = (name: string) => raw(context.names.own(name))
  await run(sql`
    delete from ${own('locks')} where key in (
      select key from ${own('locks')} where job_id = any(${ids}::bigint[]) and until <> 'window' order by key for update)`)
  await run(sql`delete from ${own('reclaims')} where job_id = any(${ids}::bigint[])`)
  await run(sql`delete from ${raw(context.names.jobs)} where id = any(${ids}::bigint[])`)
  const failed: FailedJob[] = []
  for (const { job, failure } of failures) failed.push(await insertFailed(context, run, job, failure))
  return failed
}

/** A copy of the job that an earlier retry (Laravel's, which takes two transactions) left behind is overwritten. */
async function insertFailed(context: Context, run: Run, job: HeldRow, failure: Failure): Promise<FailedJob> {
  const { connectionName, names, wallClock } = context
  const { uuid, name, fingerprint, headline } = failure
  const payload = failure.payload ?? job.payload
  const exception = storable(failure.exception) ?? ''
  await run(sql`delete from ${raw(names.failedJobs)} where uuid = ${uuid}`)
  const [row] = await run(sql`
    insert into ${raw(names.failedJobs)} (uuid, connection, queue, payload, exception, failed_at)
    values (${uuid}, ${connectionName}, ${job.queue}, ${payload}, ${exception}, ${wallTime(context, nowMs(context))})
    returning id, to_char(failed_at, 'YYYY-MM-DD HH24:MI:SS') as failed_at`)
  const id = row?.id as number
  await run(sql`
    insert into ${raw(names.own('failed'))} (uuid, failed_id, name, fingerprint, headline, surfaced)
    values (${uuid}, ${id}, ${name}, ${fingerprint}, ${storable(headline)}, ${failure.surfaced})
    on conflict (uuid) do update
       set failed_id = excluded.failed_id, name = excluded.name, fingerprint = excluded.fingerprint,
           headline = excluded.headline, surfaced = excluded.surfaced`)
  const failedAtText = String(row?.failed_at)
  return {
    id,
    uuid,
    connection: connectionName,
    queue: job.queue,
    payload,
    exception,
    failedAt: wallClock.read(failedAtText) ?? 0,
    failedAtText,
    name,
    fingerprint,
    headline,
  }
}
