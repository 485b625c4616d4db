import type { NewJob, Pushed } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import type { Handle } from './connection.ts'
import { type Context, dueSecond, nowMs } from './context.ts'
import { isJobOf } from './dialect.ts'
import { idsOf, insertStatements } from './insert.ts'
import { rowList, valueList } from './text.ts'

interface Placed {
  job: NewJob
  at: number
}

/** Who holds a key now, while we have its row locked. */
interface Holder {
  uuid: string
  jobId: number
  reserved: boolean
  present: boolean
}

/**
 * Inserts jobs, some with unique keys, in the transaction that `handle` has open. The rows of all keys are locked first,
 * in order, by an upsert that changes nothing; a key that was free is then a row without a job. Jobs that share a key are
 * seen to one after the other, all others at once.
 */
export async function insertKeyed(context: Context, handle: Handle, jobs: readonly NewJob[]): Promise<Pushed[]> {
  const keys = [...new Set(jobs.flatMap(({ unique }) => (unique ? [unique.key] : [])))].sort()
  if (keys.length > 0) await handle.run(lockKeys(context, keys))
  const pushed: Pushed[] = []
  let rest: Placed[] = jobs.map((job, at) => ({ job, at }))
  while (rest.length > 0) {
    const seen = new Set<string>()
    const wave: Placed[] = []
    const later: Placed[] = []
    for (const placed of rest) {
      const key = placed.job.unique?.key
      if (key !== undefined && seen.has(key)) later.push(placed)
      else wave.push(placed)
      if (key !== undefined) seen.add(key)
    }
    await insertWave(context, handle, wave, [...seen], pushed)
    rest = later
  }
  return pushed
}

function lockKeys({ names }: Context, keys: readonly string[]): Sql {
  const rows = keys.map((key) => [key, '', 0, 'ended', null])
  return sql`insert into ${names.locks} (${raw('`key`')}, uuid, job_id, until, expires_at) values ${rowList(rows)}
    on duplicate key update job_id = job_id`
}

async function insertWave(
  context: Context,
  handle: Handle,
  wave: readonly Placed[],
  keys: readonly string[],
  pushed: Pushed[],
): Promise<void> {
  const holders = await liveHolders(context, handle, keys)
  const fresh: Placed[] = []
  for (const { job, at } of wave) {
    const holder = job.unique && holders.get(job.unique.key)
    if (holder) pushed[at] = await onTaken(context, handle, job, holder)
    else fresh.push({ job, at })
  }
  if (fresh.length === 0) return
  const statements = insertStatements(
    context,
    handle,
    fresh.map(({ job }) => job),
  )
  const ids = idsOf(await handle.run(...statements), handle.step)
  for (const [place, { job, at }] of fresh.entries()) {
    pushed[at] = { outcome: 'dispatched', uuid: job.uuid, id: ids[place]! }
  }
  const taken = fresh.flatMap(({ job, at }) => (job.unique ? [{ job, id: pushed[at]!.id }] : []))
  if (taken.length > 0) await handle.run(takeKeys(context, taken))
}

/** A key whose time is over, or whose job vanished (somebody emptied the table), is held by nobody. */
async function liveHolders(context: Context, handle: Handle, keys: readonly string[]): Promise<Map<string, Holder>> {
  if (keys.length === 0) return new Map()
  const { locks, jobs } = context.names
  const key = raw('`key`')
  // Keys are told by their places: what a connection of unknown character set brings back may not be what was stored.
  // In a transaction of ours each statement sees what was committed before it; in another's only a locking read surely does.
  const current = raw(handle.foreign ? 'lock in share mode' : '')
  const [answer] = await handle.run(sql`
    select field(l.${key}, ${valueList(keys)}) as place, l.uuid, l.job_id, l.until, j.id is not null as present, j.reserved_at is not null as reserved,
           coalesce(l.expires_at <= ${nowMs(context)}, 0) as expired
      from ${locks} l force index (primary) left join ${jobs} j on j.id = l.job_id and ${isJobOf(raw('l.uuid'))}
     where l.${key} in (${valueList(keys)}) ${current}`)
  const holders = new Map<string, Holder>()
  for (const row of answer!.rows) {
    if (isLive(row)) {
      const { uuid, job_id, reserved, present } = row
      holders.set(keys[Number(row.place) - 1]!, {
        uuid: String(uuid),
        jobId: Number(job_id),
        reserved: Number(reserved) === 1,
        present: Number(present) === 1,
      })
    }
  }
  return holders
}

function isLive({ job_id, until, present, expired }: SqlRow): boolean {
  if (Number(job_id) === 0 || Number(expired) === 1) return false
  return until === 'window' || Number(present) === 1
}

async function onTaken(context: Context, handle: Handle, job: NewJob, holder: Holder): Promise<Pushed> {
  const answer = (outcome: Pushed['outcome']): Pushed => ({ outcome, uuid: holder.uuid, id: holder.jobId })
  const onTaken = job.unique!.onTaken
  if (onTaken === 'skip' || holder.reserved || !holder.present) return answer('skipped')
  const due = dueSecond(context, job.delayMs, job.availableAt)
  const set =
    onTaken === 'pushBack'
      ? sql`available_at = ${due}`
      : // The waiting job keeps its identity: whoever waits for its uuid still finds it.
        sql`payload = ${job.payload.replace(job.uuid, () => holder.uuid)}, available_at = ${due}, priority = ${job.priority},
            max_attempts = ${job.maxAttempts}, queue = ${job.queue}, name = ${job.name}, attempts = 0`
  const [changed] = await handle.run(
    sql`update ${context.names.jobs} set ${set} where id = ${holder.jobId} and reserved_at is null`,
  )
  // A worker was faster: a job that runs is never altered.
  if (changed!.affected === 0) return answer('skipped')
  return answer(onTaken === 'pushBack' ? 'pushedBack' : 'replaced')
}

function takeKeys(context: Context, taken: readonly { job: NewJob; id: number | null }[]): Sql {
  const rows = taken.map(({ job, id }) => {
    const { key, until, forMs } = job.unique!
    return [key, job.uuid, id, until, forMs === undefined ? null : sql`${nowMs(context)} + ${Math.ceil(forMs)}`]
  })
  return sql`insert into ${context.names.locks} (${raw('`key`')}, uuid, job_id, until, expires_at) values ${rowList(rows)}
    on duplicate key update uuid = values(uuid), job_id = values(job_id), until = values(until), expires_at = values(expires_at)`
}
