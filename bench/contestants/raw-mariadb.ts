import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import type { Contestant } from '../contestant.ts'
import { rawInserts, rawPayload, rawWork } from './raw.ts'

const INSERT = `insert into jobs (queue, payload, attempts, available_at, created_at) values`

/** What the database gives without a queue around it: Laravel's columns, an index that a claim reads, and the update form. */
export const rawMariadb: Contestant = {
  async prepare({ url }) {
    const connection = await mysql.createConnection(url)
    await connection.query(`create table jobs (
      id bigint unsigned not null auto_increment primary key, queue varchar(191) not null, payload longtext not null,
      attempts smallint unsigned not null, reserved_at int unsigned null, available_at int unsigned not null,
      created_at int unsigned not null, reserved_by bigint unsigned null,
      key jobs_due (queue, reserved_at, available_at, id)) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`)
    await connection.end()
  },
  async open({ url }) {
    const pool = mysql.createPool({ uri: url, connectionLimit: 32 })
    const rows = (count: number) => Array(count).fill(`('default', ?, 0, unix_timestamp(), unix_timestamp())`).join()
    return {
      async bulk(from, count) {
        for (const payloads of rawInserts(from, count)) await pool.query(`${INSERT} ${rows(payloads.length)}`, payloads)
      },
      single: (number) => pool.execute(`${INSERT} ${rows(1)}`, [rawPayload(number)]),
      async work(concurrency, seen) {
        const connections = await Promise.all([1, 2].map(() => claimer(url)))
        const claims = connections.map((connection) => ({
          claim: (limit: number) =>
            repeated(async () => {
              await connection.query('start transaction')
              const [found] = await connection.query<RowDataPacket[]>(
                `select id, payload from jobs where queue = 'default' and reserved_at is null
                and available_at <= unix_timestamp() order by available_at, id limit ${limit} for update skip locked`,
              )
              if (found.length > 0)
                await connection.query<ResultSetHeader>(
                  `update jobs set reserved_at = unix_timestamp(), attempts = attempts + 1, reserved_by = 1 where id in (?)`,
                  [found.map(({ id }) => id)],
                )
              await connection.query('commit')
              return found as unknown as { id: number; payload: string }[]
            }),
          remove: (ids: number[]) =>
            repeated(async () => {
              await connection.query(`delete from jobs where id in (?) and reserved_by = 1`, [ids])
            }),
        }))
        return rawWork(claims)(concurrency, seen)
      },
    }
  },
}

/** READ COMMITTED locks no gaps: with the default the two connections undo each other's claims all the time. */
async function claimer(url: string): Promise<mysql.Connection> {
  const connection = await mysql.createConnection(url)
  await connection.query('set session transaction isolation level read committed')
  return connection
}

const DEADLOCK = 1_213

async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as { errno?: number }).errno !== DEADLOCK) throw error
    }
  }
}
