import pg from 'pg'
import type { Contestant } from '../contestant.ts'
import { rawInserts, rawPayload, rawWork } from './raw.ts'

/** What the database gives without a queue around it: Laravel's columns, a plain index in the order of a claim. */
export const rawPostgres: Contestant = {
  async prepare({ url }) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`create table jobs (
      id bigserial primary key, queue varchar(255) not null, payload text not null, attempts smallint not null default 0,
      reserved_at integer, available_at integer not null, created_at integer not null, reserved_by bigint) with (fillfactor = 50)`)
    await client.query('create index jobs_due on jobs (queue, available_at, id)')
    await client.end()
  },
  async open({ url }) {
    const pool = new pg.Pool({ connectionString: url, max: 32 })
    const now = 'extract(epoch from now())::int'
    return {
      async bulk(from, count) {
        for (const payloads of rawInserts(from, count)) {
          await pool.query({
            name: 'bulk',
            text: `insert into jobs (queue, payload, available_at, created_at) select 'default', p, ${now}, ${now} from unnest($1::text[]) p`,
            values: [payloads],
          })
        }
      },
      single: (number) =>
        pool.query({
          name: 'single',
          text: `insert into jobs (queue, payload, available_at, created_at) values ('default', $1, ${now}, ${now})`,
          values: [rawPayload(number)],
        }),
      async work(concurrency, seen) {
        const clients = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })]
        await Promise.all(clients.map((client) => client.connect()))
        const claims = clients.map((client) => ({
          async claim(limit: number) {
            const { rows } = await client.query({
              name: 'claim',
              text: `with due as (select id from jobs where queue = 'default' and available_at <= ${now} and reserved_at is null
                       order by available_at, id limit $1 for update skip locked)
                     update jobs set reserved_at = ${now}, attempts = attempts + 1, reserved_by = 1 from due where jobs.id = due.id
                     returning jobs.id, payload`,
              values: [limit],
            })
            return rows as { id: number; payload: string }[]
          },
          async remove(ids: number[]) {
            await client.query({
              name: 'remove',
              text: 'delete from jobs where id = any($1::bigint[]) and reserved_by = 1',
              values: [ids],
            })
          },
        }))
        return rawWork(claims)(concurrency, seen)
      },
    }
  },
}
