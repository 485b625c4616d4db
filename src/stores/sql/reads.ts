import { readCursor, writeCursor } from '../../core/cursor.ts'
import type { WallClock } from '../../core/wallclock.ts'
import type { FailedFilter, FailedGroup, JobFilter, Page, Paged, QueueCounts, QueueState, Store } from '../../store.ts'
import type { Dialect } from './dialect.ts'
import { failedConditions, jobConditions } from './filter.ts'
import {
  failedColumns,
  failedJob,
  JOB_COLUMNS,
  metric,
  run,
  type SqlRow,
  schedule,
  storedJob,
  workerState,
} from './rows.ts'
import { joined, raw, type Sql, sql } from './sql.ts'

/** What the read path needs of a database. `all` may run elsewhere (a thread, a replica of the connection). */
export interface Reader {
  all(statement: Sql): Promise<SqlRow[]>
  /** As `all`, for what an index finds, however large the table is. */
  lookUp?(statement: Sql): Promise<SqlRow[]>
  /** Unix ms by the database's clock. */
  now(): Promise<number>
  readonly wallClock: WallClock
  readonly dialect: Dialect
}

type Reads = Pick<
  Store,
  | 'get'
  | 'getFailed'
  | 'list'
  | 'listFailed'
  | 'counts'
  | 'countFailed'
  | 'oldestDue'
  | 'failedGroups'
  | 'bounds'
  | 'unlabelled'
  | 'queues'
  | 'schedules'
  | 'workers'
  | 'runs'
  | 'metrics'
>

/** The reads that all SQL stores share: plain SQL in the words that SQLite, PostgreSQL and MySQL have in common. */
export function sqlReads(reader: Reader): Reads {
  const { all, lookUp = all, now, wallClock, dialect } = reader
  const { tables } = dialect
  const jobs = sql`select ${raw(JOB_COLUMNS)} from ${tables.jobs} j`
  const failedFrom = sql`${tables.failedJobs} f left join ${tables.failed} l on l.uuid = f.uuid and l.failed_id = f.id`
  const failed = sql`select ${failedColumns(dialect)} from ${failedFrom}`
  const jobsWhere = (filter: JobFilter, second: number) => jobConditions(dialect, filter, second)
  const failedWhere = (filter: FailedFilter) => failedConditions(dialect, filter, wallClock.text)

  return {
    async get(ref) {
      const at = await now()
      const rows = await lookUp(sql`${jobs} where ${jobsWhere({ refs: [ref] }, 0)} order by j.id desc limit 1`)
      return rows[0] && storedJob(rows[0], at)
    },

    async getFailed(ref) {
      const rows = await lookUp(sql`${failed} where ${failedWhere({ refs: [ref] })} order by f.id desc limit 1`)
      return rows[0] && failedJob(rows[0], wallClock)
    },

    async list(filter: JobFilter, page: Page) {
      const at = await now()
      const rows = await all(sql`${jobs} where ${jobsWhere(filter, Math.floor(at / 1_000))} ${pageOf(page, 'j.id')}`)
      return paged(rows, page, (row) => storedJob(row, at))
    },

    async listFailed(filter: FailedFilter, page: Page) {
      const rows = await all(sql`${failed} where ${failedWhere(filter)} ${pageOf(page, 'f.id')}`)
      return paged(rows, page, (row) => failedJob(row, wallClock))
    },

    async counts(): Promise<QueueCounts[]> {
      const second = Math.floor((await now()) / 1_000)
      const pending = await all(sql`
        select queue, count(*) as pending, sum(case when available_at <= ${second} then 1 else 0 end) as due
          from ${tables.jobs} where reserved_at is null group by queue`)
      const reserved = await all(
        sql`select queue, count(*) as reserved from ${tables.jobs} where reserved_at is not null group by queue`,
      )
      const queues = new Map<string, QueueCounts>()
      for (const row of pending) {
        const due = Number(row.due)
        queues.set(String(row.queue), {
          queue: String(row.queue),
          due,
          delayed: Number(row.pending) - due,
          reserved: 0,
        })
      }
      for (const row of reserved) {
        const queue = String(row.queue)
        queues.set(queue, { ...(queues.get(queue) ?? { queue, due: 0, delayed: 0 }), reserved: Number(row.reserved) })
      }
      return [...queues.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
    },

    async countFailed(filter = {}) {
      const labelled = filter.name !== undefined || filter.fingerprint !== undefined
      const from = labelled ? failedFrom : sql`${tables.failedJobs} f`
      const rows = await all(sql`select count(*) as count from ${from} where ${failedWhere(filter)}`)
      return Number(rows[0]?.count ?? 0)
    },

    async oldestDue() {
      const at = await now()
      const [row] = await all(dialect.oldestDue(Math.floor(at / 1_000)))
      if (!row) return undefined
      const availableAt = Number(row.available_at) * 1_000
      return {
        queue: String(row.queue),
        createdAt: Number(row.created_at) * 1_000,
        availableAt,
        ageMs: Math.max(0, at - availableAt),
      }
    },

    async failedGroups(filter: FailedFilter, limit: number): Promise<FailedGroup[]> {
      const rows = await all(sql`
        select l.fingerprint, max(l.name) as name, max(l.headline) as headline, count(*) as count,
               ${dialect.wallText(raw('min(f.failed_at)'))} as first_at, ${dialect.wallText(raw('max(f.failed_at)'))} as last_at, max(f.id) as sample
          from ${failedFrom} where l.fingerprint is not null and ${failedWhere(filter)}
         group by l.fingerprint order by count(*) desc, max(f.id) desc limit ${limit}`)
      const samples = await uuidsOf(rows.map((row) => Number(row.sample)))
      return rows.map((row) => ({
        fingerprint: String(row.fingerprint),
        name: row.name === null ? null : String(row.name),
        headline: String(row.headline),
        count: Number(row.count),
        firstAt: wallClock.read(String(row.first_at)) ?? 0,
        lastAt: wallClock.read(String(row.last_at)) ?? 0,
        sample: samples.get(Number(row.sample)) ?? '',
      }))
    },

    async bounds() {
      const [row] = await lookUp(sql`
        select (select coalesce(max(id), 0) from ${tables.jobs}) as job, (select coalesce(max(id), 0) from ${tables.failedJobs}) as failed`)
      return { job: Number(row?.job ?? 0), failed: Number(row?.failed ?? 0) }
    },

    async unlabelled(limit: number) {
      const rows = await all(
        sql`${failed} where l.uuid is null and f.uuid is not null order by f.id desc limit ${limit}`,
      )
      return rows.map((row) => failedJob(row, wallClock))
    },

    async queues(): Promise<QueueState[]> {
      const known = await all(sql`select name, paused_at, pause_reason from ${tables.queues}`)
      const states = new Map<string, QueueState>()
      for (const row of known) {
        const pausedAt = row.paused_at === null ? null : Number(row.paused_at)
        states.set(String(row.name), {
          queue: String(row.name),
          pausedAt,
          pauseReason: (row.pause_reason as string | null) ?? null,
        })
      }
      const live = (await all(sql`select queues from ${tables.workers} where lease_until > ${await now()}`)).flatMap(
        (row) => JSON.parse(String(row.queues)) as string[],
      )
      const holding = (await all(dialect.queuesWithJobs)).map((row) => String(row.queue))
      for (const queue of [...holding, ...live]) {
        if (!states.has(queue)) states.set(queue, { queue, pausedAt: null, pauseReason: null })
      }
      return [...states.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
    },

    async schedules() {
      return (await lookUp(sql`select * from ${tables.schedules} order by ${dialect.key}`)).map(schedule)
    },

    async workers() {
      const rows = await lookUp(sql`select * from ${tables.workers} where lease_until > ${await now()} order by id`)
      return rows.map(workerState)
    },

    async runs(filter, page: Page) {
      const where = [raw('1 = 1')]
      if (filter.uuid !== undefined) where.push(sql`uuid = ${filter.uuid}`)
      if (filter.name !== undefined) where.push(sql`name = ${filter.name}`)
      if (filter.queue !== undefined) where.push(sql`queue = ${filter.queue}`)
      if (filter.outcome !== undefined) where.push(sql`outcome = ${filter.outcome}`)
      const rows = await all(sql`select * from ${tables.runs} where ${joined(where, ' and ')} ${pageOf(page, 'id')}`)
      return paged(rows, page, run)
    },

    async metrics({ from, to, queue, name }) {
      const where = [sql`minute >= ${from} and minute < ${to}`]
      if (queue !== undefined) where.push(sql`queue = ${queue}`)
      if (name !== undefined) where.push(sql`name = ${name}`)
      const rows = await all(sql`
        select minute, queue, name, sum(completed) as completed, sum(failed) as failed, sum(retried) as retried,
               sum(released) as released, sum(cancelled) as cancelled, sum(wait_ms) as wait_ms, sum(run_ms) as run_ms
          from ${tables.metrics} where ${joined(where, ' and ')}
         group by minute, queue, name order by minute, queue, name`)
      return rows.map(metric)
    },
  }

  async function uuidsOf(ids: number[]): Promise<Map<number, string>> {
    if (ids.length === 0) return new Map()
    const rows = await all(sql`select f.id, f.uuid from ${tables.failedJobs} f where ${failedWhere({ refs: ids })}`)
    return new Map(rows.map((row) => [Number(row.id), String(row.uuid)]))
  }
}

/** `and id < cursor order by id desc limit n`, or its mirror; one row more than asked for tells whether there is a next page. */
function pageOf(page: Page, id: string): Sql {
  const column = raw(id)
  const cursor = page.cursor === undefined ? undefined : readCursor(page.cursor)
  if (page.order === 'oldest') {
    return sql`${cursor === undefined ? raw('') : sql`and ${column} > ${cursor}`} order by ${column} limit ${page.limit + 1}`
  }
  return sql`${cursor === undefined ? raw('') : sql`and ${column} < ${cursor}`} order by ${column} desc limit ${page.limit + 1}`
}

function paged<Row extends { id: number }>(rows: SqlRow[], page: Page, read: (row: SqlRow) => Row): Paged<Row> {
  const shown = rows.slice(0, page.limit).map(read)
  const last = shown.at(-1)
  return { rows: shown, next: rows.length > page.limit && last ? writeCursor(last.id) : null }
}
