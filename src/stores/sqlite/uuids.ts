import type { NewJob } from '../../store.ts'
import { type Sql, sql, statementText } from '../sql/sql.ts'
import type { Value } from './connection.ts'
import type { Handle } from './transaction.ts'

/**
 * How a job is found by its uuid. Jobs of a long list are stored in blocks, whose uuids rise as their ids do: one row of
 * `faena_blocks` says of fifty jobs which uuids and which ids they have, and no index has to take in each of them. Their
 * rows say so themselves (`in_block`). All others have that column NULL, also those that somebody else wrote or wrote anew,
 * and stand in an index each.
 */

const BEGIN = '{"uuid":"'
/** A look-up goes through the blocks that began within this time before its uuid was made; a longer one is not stored as a block. */
const LONGEST_BLOCK_MS = 100

/** Whether the jobs' uuids were made one after the other in little time, and each stands where it is looked for. */
export function fitBlock(jobs: readonly NewJob[], from: number, end: number): boolean {
  let before = ''
  for (let at = from; at < end; at++) {
    const { uuid, payload } = jobs[at]!
    if (uuid.length !== 36 || uuid <= before || !payload.startsWith(BEGIN) || !payload.startsWith(uuid, 9)) return false
    before = uuid
  }
  return timeOf(before) - timeOf(jobs[from]!.uuid) <= LONGEST_BLOCK_MS
}

export function insertBlock(handle: Handle, first: NewJob, last: NewJob, firstId: number, lastId: number): void {
  // Whoever emptied the table may have let its ids begin anew: then a block of jobs that are gone has this one's id.
  handle
    .prepare('insert or replace into faena_blocks (first_id, last_id, first_uuid, last_uuid) values (?, ?, ?, ?)')
    .run(firstId, lastId, first.uuid, last.uuid)
}

/**
 * A select of the ids of jobs that have one of these uuids. Nearly every payload begins with its uuid and is found by its
 * block or by an index; of the odd ones, which somebody else wrote and another index lists, each is looked into.
 */
export function jobsOfUuids(uuids: readonly string[]): Sql {
  return sql`${ordinaryJobs(uuids)}
    union all
    select id from jobs where in_block is null and substr(payload, 1, 9) <> '{"uuid":"'
       and case when json_valid(payload) then json_extract(payload, '$.uuid') end
           in (select value from json_each(${JSON.stringify(uuids)}))`
}

/** As `jobsOfUuids`, without the odd ones: for what must be quick whatever others have written. */
export function ordinaryJobs(uuids: readonly string[]): Sql {
  const earliest = JSON.stringify(Object.fromEntries(uuids.map((uuid) => [uuid, earliestBlock(uuid)])))
  return sql`
    select id from jobs where in_block is null and substr(payload, 10, 36) in (select value from json_each(${JSON.stringify(uuids)}))
    union all
    select j.id from json_each(${earliest}) u
      cross join faena_blocks b on b.first_uuid between u.value and u.key and b.last_uuid >= u.key
      cross join jobs j not indexed on j.id between b.first_id and b.last_id and substr(j.payload, 10, 36) = u.key`
}

/** The uuid of the first of the jobs that such a select finds. */
export function firstUuid(handle: Handle, jobs: Sql): string | undefined {
  const row = handle
    .prepare(`select coalesce(case when json_valid(payload) then json_extract(payload, '$.uuid') end, substr(payload, 10, 36)) as uuid
                from jobs where id in (${statementText(jobs, 'question')}) limit 1`)
    .get(...(jobs.values as Value[])) as { uuid: string } | undefined
  return row?.uuid
}

/** The least uuid that a block with `uuid` in it can begin with. */
function earliestBlock(uuid: string): string {
  const time = timeOf(uuid) - LONGEST_BLOCK_MS
  if (!(time > 0)) return ''
  const digits = time.toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}`
}

/** Unix ms of a uuid of version 7; of others some number, or none. */
function timeOf(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}
