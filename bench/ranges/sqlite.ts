import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { FIRST_ID, LANE, type Lane } from './lane.ts'

const TABLES = `
create table lane_jobs (id integer primary key autoincrement, payload text not null, created_at integer not null);
create table lane_heads (lane integer primary key, cursor integer not null);
create table lane_leases (lane integer not null, last integer not null, after integer not null, worker integer, primary key (lane, last)) without rowid;
create table lane_settlements (worker integer primary key, seq integer not null, lost text not null);
create table lane_producers (producer text primary key, seq integer not null, ids text not null) without rowid;
insert into lane_heads values (${LANE}, 0);
insert into sqlite_sequence values ('lane_jobs', ${FIRST_ID});`

/** One writer at a time: ids become visible in their order, and no horizon is needed. */
export function sqliteLane(path: string): Lane {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 0')
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  const sql = (text: string) => {
    const statement = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, statement)
    return statement
  }
  const BUSY = 5
  const write = async <T>(work: () => T): Promise<T> => {
    for (;;) {
      try {
        database.exec('begin immediate')
        try {
          const result = work()
          database.exec('commit')
          return result
        } catch (error) {
          if (database.isTransaction) database.exec('rollback')
          throw error
        }
      } catch (error) {
        if (((error as { errcode?: number }).errcode ?? 0) % 256 !== BUSY) throw error
        await delay(1)
      }
    }
  }
  const rowsIn = (after: number, last: number) =>
    sql('select id, payload, created_at from lane_jobs where id > ? and id <= ? order by id').all(after, last)
  const taken = (after: number, last: number) => ({
    after,
    last,
    rows: rowsIn(after, last).map(({ id, payload, created_at }) => ({
      id: id as number,
      payload: payload as string,
      createdAt: (created_at as number) * 1_000,
    })),
  })
  return {
    async migrate() {
      database.exec(TABLES)
    },
    push: (payloads, { producer, seq }) =>
      write(() => {
        const known = sql('select ids from lane_producers where producer = ? and seq >= ?').get(producer, seq)
        if (known) return JSON.parse(known.ids as string)
        const now = Math.floor(Date.now() / 1_000)
        const insert = sql('insert into lane_jobs (payload, created_at) values (?, ?)')
        const ids = payloads.map((payload) => Number(insert.run(payload, now).lastInsertRowid))
        sql('insert or replace into lane_producers values (?, ?, ?)').run(producer, seq, JSON.stringify(ids))
        return ids
      }),
    async reserve(worker, limit) {
      const head = sql(`select cursor from lane_heads where lane = ${LANE}`)
      const cursor = head.get()!.cursor as number
      const some = sql('select id from lane_jobs where id > ? limit 1').get(cursor)
      const left = sql('select last from lane_leases where worker is null limit 1').get()
      if (!some && !left) return null
      return write(() => {
        if (!sql('select 1 from faena_workers where id = ? and lease_until > ?').get(worker, Date.now())) return 'lost'
        const free = sql(
          `select after, last from lane_leases where lane = ${LANE} and worker is null order by last limit 1`,
        ).get()
        if (free) {
          sql(`update lane_leases set worker = ? where lane = ${LANE} and last = ?`).run(worker, free.last!)
          return taken(free.after as number, free.last as number)
        }
        const after = head.get()!.cursor as number
        const last = sql('select max(id) as last from (select id from lane_jobs where id > ? order by id limit ?)').get(
          after,
          limit,
        )!.last
        if (last === null) return null
        sql(`insert into lane_leases values (${LANE}, ?, ?, ?)`).run(last!, after, worker)
        sql(`update lane_heads set cursor = ? where lane = ${LANE}`).run(last!)
        return taken(after, last as number)
      })
    },
    settle: (worker, seq, done) =>
      write(() => {
        const known = sql('select lost from lane_settlements where worker = ? and seq >= ?').get(worker, seq)
        if (known) return JSON.parse(known.lost as string)
        const lost: number[] = []
        for (const { last, from, to, ids, whole } of done) {
          if (!sql(`select 1 from lane_leases where lane = ${LANE} and last = ? and worker = ?`).get(last, worker)) {
            lost.push(last)
            continue
          }
          if (ids) for (const id of ids) sql('delete from lane_jobs where id = ?').run(id)
          else sql('delete from lane_jobs where id between ? and ?').run(from, to)
          if (whole) sql(`delete from lane_leases where lane = ${LANE} and last = ?`).run(last)
        }
        sql('insert or replace into lane_settlements values (?, ?, ?)').run(worker, seq, JSON.stringify(lost))
        return lost
      }),
    move: (worker, ids) =>
      write(() => {
        const moved = new Map<number, number>()
        const now = Math.floor(Date.now() / 1_000)
        for (const id of ids) {
          const made = sql(
            `insert into jobs (queue, payload, attempts, reserved_at, available_at, created_at, name, priority, reserved_by)
             select 'default', payload, 1, ?, created_at, created_at, 'bench', 0, ? from lane_jobs j
              where id = ? and exists (select 1 from lane_leases l where l.lane = ${LANE} and l.worker = ? and j.id > l.after and j.id <= l.last)`,
          ).run(now, worker, id, worker)
          if (Number(made.changes) === 0) continue
          sql('delete from lane_jobs where id = ?').run(id)
          moved.set(id, Number(made.lastInsertRowid))
        }
        return moved
      }),
    async gone(ids) {
      return ids.filter((id) => sql('select 1 from lane_jobs where id = ?').get(id) === undefined)
    },
    release: (worker) => write(() => void sql('update lane_leases set worker = null where worker = ?').run(worker)),
    reclaim: () =>
      write(() =>
        Number(
          sql(
            `update lane_leases set worker = null where worker is not null
              and worker not in (select id from faena_workers where lease_until > ?)`,
          ).run(Date.now()).changes,
        ),
      ),
    async leases() {
      return Number(sql('select count(*) as amount from lane_leases').get()!.amount)
    },
    async close() {
      database.close()
    },
  }
}
