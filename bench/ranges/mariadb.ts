import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import { FIRST_ID, LANE, type Lane } from './lane.ts'

const TABLES = `
create sequence lane_ids start with ${FIRST_ID} cache 10000 engine=InnoDB;
create table lane_jobs (
  lane int not null, id bigint not null, payload longtext character set utf8mb4 collate utf8mb4_bin not null,
  created_at int unsigned not null, primary key (lane, id)) engine=InnoDB;
create table lane_heads (lane int primary key, position bigint not null) engine=InnoDB;
create table lane_gates (lane int primary key) engine=InnoDB;
create table lane_leases (
  lane int not null, last bigint not null, after bigint not null, worker bigint unsigned null, primary key (lane, last)) engine=InnoDB;
create table lane_settlements (worker bigint unsigned primary key, seq bigint not null) engine=InnoDB;
create table lane_producers (producer varchar(191) primary key, seq bigint not null, ids longtext not null) engine=InnoDB;
insert into lane_heads values (${LANE}, 0);
insert into lane_gates values (${LANE})`

const NOW_MS = `(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`

export function mariadbLane(url: string): Lane {
  const poolOf = (size: number) => mysql.createPool({ uri: url, multipleStatements: true, connectionLimit: size })
  const pools = { push: poolOf(3), work: poolOf(3) }
  /** Several statements in one round trip; what each of them answered. */
  const packet = async (pool: mysql.Pool, statements: readonly string[], values: readonly unknown[] = []) => {
    const [answers] = await pool.query(statements.join(';'), [...values])
    return answers as unknown as (RowDataPacket[] & ResultSetHeader)[]
  }
  let horizon = 0
  /** No push is under way while the gate is held alone; the greatest id seen then is complete below. */
  const lookForHorizon = async () => {
    const answers = await packet(pools.work, [
      'start transaction',
      `select lane from lane_gates where lane = ${LANE} for update`,
      `select max(id) as top from lane_jobs where lane = ${LANE}`,
      'commit',
    ])
    horizon = Math.max(horizon, Number(answers[2]![0]!.top ?? 0))
  }
  const leaseAhead = async (worker: number, limit: number) => {
    const ahead = `lane = ${LANE} and id > @after and id <= ?`
    return packet(
      pools.work,
      [
        'start transaction',
        `select count(*) as alive from (select id from faena_workers where id = ? and lease_until > ${NOW_MS} lock in share mode) own`,
        `select position into @after from lane_heads where lane = ${LANE} for update`,
        `set @last = (select max(id) from (select id from lane_jobs where ${ahead} order by id limit ?) few)`,
        `select id, payload, created_at, @after as lower from lane_jobs where lane = ${LANE} and id > @after and id <= @last order by id`,
        `insert into lane_leases select ${LANE}, @last, @after, ? from dual where @last is not null`,
        `update lane_heads set position = coalesce(@last, position) where lane = ${LANE}`,
        'commit',
      ],
      [worker, horizon, limit, worker],
    )
  }
  /** A range that a dead worker left, as a whole. */
  const leaseLeft = async (worker: number) => {
    const answers = await packet(
      pools.work,
      [
        'start transaction',
        'set @last = null',
        `select last, after into @last, @after from lane_leases where lane = ${LANE} and worker is null order by last limit 1 for update`,
        `update lane_leases set worker = ? where lane = ${LANE} and last = @last`,
        `select id, payload, created_at, @after as lower from lane_jobs where lane = ${LANE} and id > @after and id <= @last order by id`,
        'select @last as last',
        'commit',
      ],
      [worker],
    )
    return { rows: answers[4]!, last: answers[5]![0]!.last as number | null }
  }
  let leftToLookFor = true
  return {
    async migrate() {
      await packet(pools.work, [TABLES])
    },
    async push(payloads, { producer, seq }) {
      const connection = await pools.push.getConnection()
      try {
        const rows = payloads.map(() => `(${LANE}, nextval(lane_ids), ?, unix_timestamp())`).join()
        const [answers] = await connection.query(
          [
            'start transaction',
            // Before any id is drawn, as on PostgreSQL.
            `select lane from lane_gates where lane = ${LANE} lock in share mode`,
            `insert into lane_jobs (lane, id, payload, created_at) values ${rows} returning id`,
            `insert into lane_producers values (?, ?, '') on duplicate key update seq = if(seq < values(seq), values(seq), seq)`,
          ].join(';'),
          [...payloads, producer, seq],
        )
        const [, , inserted, known] = answers as (RowDataPacket[] & ResultSetHeader)[]
        const ids = inserted!.map(({ id }) => Number(id))
        if (known!.affectedRows === 0) {
          await connection.query('rollback')
          const [[row]] = await connection.query<RowDataPacket[]>('select ids from lane_producers where producer = ?', [
            producer,
          ])
          return JSON.parse(row!.ids)
        }
        await connection.query('update lane_producers set ids = ? where producer = ?; commit', [
          JSON.stringify(ids),
          producer,
        ])
        return ids
      } finally {
        connection.release()
      }
    },
    async reserve(worker, limit) {
      if (leftToLookFor) {
        const { rows, last } = await leaseLeft(worker)
        if (last !== null && rows.length > 0) return taken(rows, Number(last))
        leftToLookFor = last !== null
      }
      for (const again of [true, false]) {
        const answers = await leaseAhead(worker, limit)
        if (Number(answers[1]![0]!.alive) === 0) return 'lost'
        const rows = answers[4]!
        if (rows.length > 0) return taken(rows, Number(rows.at(-1)!.id))
        if (again) await lookForHorizon()
      }
      return null
    },
    async settle(worker, seq, done) {
      const mine = `exists (select 1 from lane_leases l where l.lane = ${LANE} and l.last = ? and l.worker = ${worker})`
      const statements = [
        'start transaction',
        `insert into lane_settlements values (${worker}, ${seq}) on duplicate key update seq = if(seq < values(seq), values(seq), seq)`,
        // Nobody reclaims them while this goes on.
        `select last from lane_leases where lane = ${LANE} and worker = ${worker} and last in (${done.map(({ last }) => last).join()}) lock in share mode`,
      ]
      const values: unknown[] = []
      for (const { last, from, to, ids, whole } of done) {
        const which = ids ? `id in (${ids.join()})` : `id between ${from} and ${to}`
        statements.push(`delete from lane_jobs where lane = ${LANE} and ${which} and ${mine}`)
        values.push(last)
        if (whole)
          statements.push(`delete from lane_leases where lane = ${LANE} and last = ${last} and worker = ${worker}`)
      }
      const answers = await packet(pools.work, [...statements, 'commit'], values)
      // The same number again: done the first time. (Whether a range was lost then, the prototype does not keep.)
      if (answers[1]!.affectedRows === 0) return []
      const held = new Set(answers[2]!.map(({ last }) => Number(last)))
      return done.map(({ last }) => last).filter((last) => !held.has(last))
    },
    async move(worker, ids) {
      const connection = await pools.work.getConnection()
      const moved = new Map<number, number>()
      try {
        await connection.query('start transaction')
        for (const id of ids) {
          const [made] = await connection.query<ResultSetHeader>(
            `insert into jobs (queue, payload, attempts, reserved_at, available_at, created_at, name, priority, reserved_by)
             select 'default', payload, 1, unix_timestamp(), created_at, created_at, 'bench', 0, ? from lane_jobs
              where lane = ${LANE} and id = ? and exists (select 1 from lane_leases l where l.lane = ${LANE} and l.worker = ? and id > l.after and id <= l.last)`,
            [worker, id, worker],
          )
          if (made.affectedRows === 0) continue
          await connection.query(`delete from lane_jobs where lane = ${LANE} and id = ?`, [id])
          moved.set(id, made.insertId)
        }
        await connection.query('commit')
        return moved
      } finally {
        connection.release()
      }
    },
    async gone(ids) {
      const [rows] = await pools.work.query<RowDataPacket[]>(
        `select id from lane_jobs where lane = ${LANE} and id in (?)`,
        [ids],
      )
      const there = new Set(rows.map(({ id }) => Number(id)))
      return ids.filter((id) => !there.has(id))
    },
    async release(worker) {
      await pools.work.query('update lane_leases set worker = null where worker = ?', [worker])
    },
    async reclaim() {
      leftToLookFor = true
      const [{ affectedRows }] = await pools.work.query<ResultSetHeader>(
        `update lane_leases l set worker = null
          where worker is not null and not exists (select 1 from faena_workers w where w.id = l.worker and w.lease_until > ${NOW_MS})`,
      )
      return affectedRows
    },
    async leases() {
      const [answer] = await packet(pools.work, ['select count(*) as amount from lane_leases', 'select 1'])
      return Number(answer![0]!.amount)
    },
    async close() {
      await Promise.all([pools.push.end(), pools.work.end()])
    },
  }
}

function taken(rows: readonly RowDataPacket[], last: number) {
  return {
    after: Number(rows[0]!.lower),
    last,
    rows: rows.map(({ id, payload, created_at }) => ({
      id: Number(id),
      payload: String(payload),
      createdAt: created_at * 1_000,
    })),
  }
}
