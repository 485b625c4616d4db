import { DatabaseSync } from 'node:sqlite'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { LARGE_GROUPS, PADDING, type Place } from '../contestant.ts'
import { urlOf } from './faena.ts'

/**
 * Tables of an installation that has been in trouble for a while, made by the database itself: pending jobs numbered from
 * `from` on (of ten of the first, seven are due in `default`, one in `reports`, and two wait a day in `mails`; later ones take
 * the place of what was worked off, and are due in `default` now), and failed ones with all that finds them: four of each
 * order; three tenths of them failed for one reason each, the rest for twenty others.
 */
export interface Filling {
  from: number
  pending: number
  failed: number
}

export async function fill(place: Place, filling: Filling): Promise<void> {
  const url = urlOf(place)
  if (url.startsWith('sqlite:')) return inSqlite(url.slice('sqlite:'.length), filling)
  return url.startsWith('postgres') ? inPostgres(url, filling) : inMariadb(url, filling)
}

/** How many failed jobs of one order there are; the last order is `failed / 4`. */
const PER_ORDER = 4
const EXCEPTION =
  'Error: NetSuite answered 503\\n    at sync (orders.js:1:1)\\n    at process.processTicksAndRejections (node:internal)'

const queueOf = (n: string, { from }: Filling) =>
  from > 1 ? `'default'` : `case when ${n} % 10 < 7 then 'default' when ${n} % 10 < 9 then 'mails' else 'reports' end`
/** The first have come one after the other in the last ten minutes, as a backlog does. */
function dueOf(n: string, now: string, { from, pending }: Filling): string {
  const aSecond = Math.ceil(pending / 600)
  const behind = `(${pending} - ${n})`
  const ago = `(${behind} - ${behind} % ${aSecond}) / ${aSecond}`
  return from > 1 ? now : `case when ${n} % 10 in (7, 8) then ${now} + 86400 else ${now} - ${ago} end`
}
function fingerprintOf(n: string, most: number, hex: string): string {
  const large = LARGE_GROUPS.map((group, at) => `when ${n} <= ${((at + 1) * most) / 10} then '${group}'`)
  return `case ${large.join(' ')} else '00000000000000' || ${hex} end`
}

function payload(uuid: string, n: string, order: string): string {
  return (
    `'{"uuid":"' || ${uuid} || '","displayName":"bench","job":"faena@bench","data":{"number":' || ${n} || ` +
    `',"sentAt":0,"padding":"${PADDING}","order_id":' || ${order} || '}}'`
  )
}

function inSqlite(path: string, filling: Filling): void {
  const { from, pending, failed } = filling
  const database = new DatabaseSync(path, { timeout: 10_000 })
  const now = `cast(strftime('%s', 'now') as integer)`
  const numbers = (first: number, count: number) =>
    `with recursive numbers (n) as (select ${first} union all select n + 1 from numbers where n < ${first + count - 1})`
  const uuid = (kind: number) => `printf('0000000${kind}-0000-7000-8000-%012x', n)`
  database.exec('begin immediate')
  if (pending > 0) {
    database.exec(`${numbers(from, pending)} insert into jobs (queue, payload, attempts, available_at, created_at, name)
      select ${queueOf('n', filling)}, ${payload(uuid(1), 'n', 'n')}, 0, ${dueOf('n', now, filling)}, ${now} - 900, 'bench' from numbers`)
  }
  if (failed > 0) {
    database.exec(`${numbers(1, failed)} insert into failed_jobs (uuid, connection, queue, payload, exception, failed_at)
      select ${uuid(2)}, 'database', 'default', ${payload(uuid(2), 'n', `(n / ${PER_ORDER})`)}, '${EXCEPTION}',
             datetime('now', '-' || ((${failed} - n) / 12) || ' seconds') from numbers`)
    database.exec(`insert into faena_failed (uuid, failed_id, name, fingerprint, headline, surfaced)
      select uuid, id, 'bench', ${fingerprintOf('id', failed, `printf('%02x', id % 20)`)}, 'NetSuite answered 503',
             '{"order_id":' || (id / ${PER_ORDER}) || '}' from failed_jobs order by id`)
  }
  database.exec('commit')
  database.exec('pragma wal_checkpoint(truncate)')
  database.close()
}

async function inPostgres(url: string, filling: Filling): Promise<void> {
  const { from, pending, failed } = filling
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const now = 'extract(epoch from now())::int'
  const uuid = (kind: number) => `('0000000${kind}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))`
  const numbers = (first: number, count: number) => `generate_series(${first}, ${first + count - 1}) n`
  // What triggers would write beside each label is written below in one go.
  await client.query('set session_replication_role = replica')
  if (pending > 0) {
    await client.query(`insert into jobs (queue, payload, attempts, available_at, created_at, name)
      select ${queueOf('n', filling)}, ${payload(uuid(1), 'n', 'n')}, 0, ${dueOf('n', now, filling)}, ${now} - 900, 'bench'
        from ${numbers(from, pending)}`)
  }
  if (failed > 0) {
    await client.query(`insert into failed_jobs (uuid, connection, queue, payload, exception, failed_at)
      select ${uuid(2)}, 'database', 'default', ${payload(uuid(2), 'n', `(n / ${PER_ORDER})`)}, '${EXCEPTION}',
             date_trunc('second', now() at time zone 'utc') - ((${failed} - n) / 12) * interval '1 second' from ${numbers(1, failed)}`)
    await client.query(`insert into faena_failed (uuid, failed_id, name, fingerprint, headline, surfaced)
      select uuid, id, 'bench', ${fingerprintOf('id', failed, `lpad(to_hex(id % 20), 2, '0')`)}, 'NetSuite answered 503',
             '{"order_id":' || (id / ${PER_ORDER}) || '}' from failed_jobs`)
    await client.query(`insert into faena_failed_fields (failed_id, field, value)
      select id, 'order_id', (id / ${PER_ORDER})::text from failed_jobs`)
  }
  for (const table of ['jobs', 'failed_jobs', 'faena_failed', 'faena_failed_fields'])
    await client.query(`vacuum analyze ${table}`)
  await client.end()
}

/** Rows of one statement: InnoDB keeps what it could undo. */
const PART = 100_000

async function inMariadb(url: string, filling: Filling): Promise<void> {
  const { from, pending, failed } = filling
  const connection = await mysql.createConnection(url)
  await connection.query(`set session sql_mode = concat(@@sql_mode, ',PIPES_AS_CONCAT')`)
  const now = 'unix_timestamp()'
  const uuid = (kind: number) => `('0000000${kind}-0000-7000-8000-' || lpad(lower(hex(seq)), 12, '0'))`
  const inParts = async (first: number, count: number, statement: (numbers: string) => string) => {
    for (let at = first; at < first + count; at += PART)
      await connection.query(statement(`seq_${at}_to_${Math.min(first + count, at + PART) - 1}`))
  }
  await inParts(
    from,
    pending,
    (numbers) => `insert into jobs (queue, payload, attempts, available_at, created_at, name)
      select ${queueOf('seq', filling)}, ${payload(uuid(1), 'seq', 'seq')}, 0, ${dueOf('seq', now, filling)}, ${now} - 900, 'bench' from ${numbers}`,
  )
  await inParts(
    1,
    failed,
    // Ids of a bulk insert have gaps there, and the labels below are made from them.
    (numbers) => `insert into failed_jobs (id, uuid, connection, queue, payload, exception, failed_at)
      select seq, ${uuid(2)}, 'database', 'default', ${payload(uuid(2), 'seq', `(seq div ${PER_ORDER})`)}, '${EXCEPTION}',
             utc_timestamp() - interval ((${failed} - seq) div 12) second from ${numbers}`,
  )
  if (failed > 0) {
    await connection.query(`insert into faena_failed (uuid, failed_id, name, fingerprint, headline, surfaced)
      select uuid, id, 'bench', ${fingerprintOf('id', failed, 'lpad(lower(hex(id % 20)), 2, 0)')}, 'NetSuite answered 503',
             '{"order_id":' || (id div ${PER_ORDER}) || '}' from failed_jobs`)
    await connection.query(`insert into faena_failed_fields (failed_id, field, value)
      select id, 'order_id', id div ${PER_ORDER} from failed_jobs`)
  }
  for (const table of ['jobs', 'failed_jobs', 'faena_failed', 'faena_failed_fields'])
    await connection.query(`analyze table ${table}`)
  await connection.end()
}
