import { DatabaseSync } from 'node:sqlite'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { PADDING, type Place } from '../contestant.ts'
import { urlOf } from './faena.ts'

/** Failed jobs as Faena would have left them, with what lists find them by; made by the database itself, in seconds. */
export async function insertFailed(place: Place, count: number): Promise<void> {
  const url = urlOf(place)
  if (url.startsWith('sqlite:')) return inSqlite(url.slice('sqlite:'.length), count)
  return url.startsWith('postgres') ? inPostgres(url, count) : inMariadb(url, count)
}

const EXCEPTION = `Error: the bench made this one fail\\n    at handler (jobs.js:1:1)`

function payload(uuid: string): string {
  return `'{"uuid":"' || ${uuid} || '","displayName":"bench","job":"faena@bench","data":{"number":0,"padding":"${PADDING}"}}'`
}

function inSqlite(path: string, count: number): void {
  const database = new DatabaseSync(path)
  const uuid = `printf('00000000-0000-7000-8000-%012x', n)`
  const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})`
  database.exec('begin')
  database.exec(`${numbers} insert into failed_jobs (uuid, connection, queue, payload, exception)
    select ${uuid}, 'database', 'default', ${payload(uuid)}, '${EXCEPTION}' from numbers`)
  database.exec(`insert into faena_failed (uuid, failed_id, name, fingerprint, headline)
    select uuid, id, 'bench', 'f' || (id % 20), 'the bench made this one fail' from failed_jobs order by uuid`)
  database.exec('commit')
  database.close()
}

async function inPostgres(url: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const uuid = `('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))`
  await client.query(`insert into failed_jobs (uuid, connection, queue, payload, exception)
    select ${uuid}, 'database', 'default', ${payload(uuid)}, '${EXCEPTION}' from generate_series(1, ${count}) n`)
  await client.query(`insert into faena_failed (uuid, failed_id, name, fingerprint, headline)
    select uuid, id, 'bench', 'f' || (id % 20), 'the bench made this one fail' from failed_jobs`)
  await client.query('vacuum analyze failed_jobs')
  await client.end()
}

async function inMariadb(url: string, count: number): Promise<void> {
  const connection = await mysql.createConnection(url)
  await connection.query(`set session sql_mode = concat(@@sql_mode, ',PIPES_AS_CONCAT')`)
  const uuid = `('00000000-0000-7000-8000-' || lpad(lower(hex(seq)), 12, '0'))`
  const part = 100_000
  for (let from = 1; from <= count; from += part) {
    const to = Math.min(count, from + part - 1)
    await connection.query(`insert into failed_jobs (uuid, connection, queue, payload, exception)
      select ${uuid}, 'database', 'default', ${payload(uuid)}, '${EXCEPTION}' from seq_${from}_to_${to}`)
  }
  await connection.query(`insert into faena_failed (uuid, failed_id, name, fingerprint, headline)
    select uuid, id, 'bench', concat('f', id % 20), 'the bench made this one fail' from failed_jobs`)
  await connection.end()
}
