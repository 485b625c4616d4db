import type { WallClock } from '../../core/wallclock.ts'
import type { FailedFilter, JobFilter, LabelKey, Page, QueueCounts, QueueState, Store } from '../../store.ts'
import type { Dialect } from './dialect.ts'
import { failedInSum } from './failed-in-sum.ts'
import { failedConditions, isUnfiltered, jobConditions, labelSource } from './filter.ts'
import { METRIC_SUMS, metric } from './metrics.ts'
import { paged, pageOf } from './pages.ts'
import {
  failedColumns,
  failedJob,
  failedWithLabels,
  JOB_COLUMNS,
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
  /** As `all`, for lists: where several reads wait for one another, these do not wait for a count. */
  search?(statement: Sql): Promise<SqlRow[]>
  /** As `all`, for looks through a whole table that nobody waits for. */
  background?(statement: Sql): Promise<SqlRow[]>
  /** A read of one table, not made again while the database knows that nobody has changed that, nor kept for longer than `keptMs`. */
  whileStill?<T>(table: 'failedJobs' | 'failed', read: () => Promise<T>, keptMs?: number): () => Promise<T>
  /** Unix ms by the database's clock. */
  now(): Promise<number>
  readonly wallClock: WallClock
  readonly dialect: Dialect
}

/** Ids that one look for unlabelled ones goes through: some tens of ms, however large the table is. */
const LOOKED_THROUGH = 4_000

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
  | 'failedIds'
  | 'failedHistogram'
  | 'bounds'
  | 'unlabelled'
  | 'queues'
  | 'schedules'
  | 'workers'
  | 'runs'
  | 'metrics'
  | 'metricTotals'
>

/** The reads that all SQL stores share: plain SQL in the words that SQLite, PostgreSQL and MySQL have in common. */
export function sqlReads(reader: Reader): Reads {
  const { all, lookUp = all, search = all, background = all, now, wallClock, dialect } = reader
  const { tables } = dialect
  const jobs = sql`select ${raw(JOB_COLUMNS)} from ${tables.jobs} j`
  const failedFrom = failedWithLabels(dialect)
  const failed = sql`select ${failedColumns(dialect)} from ${failedFrom}`
  const jobsWhere = (filter: JobFilter, second: number) => jobConditions(dialect, filter, second)
  const failedWhere = (filter: FailedFilter) => failedConditions(dialect, filter, wallClock.text)

  const countFailed = async (filter: FailedFilter) => {
    const labelled = filter.name !== undefined || filter.fingerprint !== undefined
    const from = labelled ? failedFrom : sql`${tables.failedJobs} f`
    const rows = await all(sql`select count(*) as count from ${from} where ${failedWhere(filter)}`)
    return Number(rows[0]?.count ?? 0)
  }
  const countAll = () => countFailed({})
  const countAllFailed = reader.whileStill?.('failedJobs', countAll) ?? countAll

  return {
    ...failedInSum(reader),

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
      const read = isLookUp(filter) ? lookUp : search
      const rows = await read(sql`${jobs} where ${jobsWhere(filter, Math.floor(at / 1_000))} ${pageOf(page, 'j.id')}`)
      return paged(rows, page, (row) => storedJob(row, at))
    },

    async listFailed(filter: FailedFilter, page: Page) {
      const read = isLookUp(filter) ? lookUp : search
      const rows = await read(sql`${failed} where ${failedWhere(filter)} ${pageOf(page, 'f.id')}`)
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
      return isUnfiltered(filter) ? countAllFailed() : countFailed(filter)
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

    async bounds() {
      const [row] = await lookUp(sql`
        select (select coalesce(max(id), 0) from ${tables.jobs}) as job, (select coalesce(max(id), 0) from ${tables.failedJobs}) as failed`)
      return { job: Number(row?.job ?? 0), failed: Number(row?.failed ?? 0) }
    },

    async failedIds(by: LabelKey, { limit, above, below, order = 'newest' }) {
      const { from, id, where } = labelSource(dialect, by)
      const after = above === undefined ? raw('') : sql`and ${id} > ${above}`
      const before = below === undefined ? raw('') : sql`and ${id} < ${below}`
      const line = order === 'newest' ? raw('desc') : raw('')
      const rows = await lookUp(
        sql`select ${id} as id from ${from} where ${where} ${after} ${before} order by ${id} ${line} limit ${limit}`,
      )
      return rows.map((row) => Number(row.id))
    },

    async unlabelled(limit: number, above = 0, below?: number) {
      const lower = below === undefined ? raw('') : sql`and f.id < ${below}`
      const [newest] = await lookUp(
        sql`select max(f.id) as id from ${tables.failedJobs} f where f.id > ${above} ${lower}`,
      )
      const last = Number(newest?.id ?? 0)
      if (last === 0) return { jobs: [], next: null }
      const first = Math.max(above, last - LOOKED_THROUGH)
      const end = first === above ? null : first + 1
      const ids = await background(sql`
        select f.id from ${tables.failedJobs} f
         where f.uuid is not null and f.id > ${first} and f.id <= ${last}
           and not exists (select 1 from ${tables.failed} l where l.uuid = f.uuid and l.failed_id = f.id)
         order by f.id desc limit ${limit}`)
      if (ids.length === 0) return { jobs: [], next: end }
      const refs = ids.map(({ id }) => Number(id))
      const rows = await lookUp(sql`${failed} where ${failedWhere({ refs })} order by f.id desc`)
      return { jobs: rows.map((row) => failedJob(row, wallClock)), next: ids.length < limit ? end : refs.at(-1)! }
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
      const isNarrowed = Object.values(filter).some((value) => value !== undefined)
      const where = [(isNarrowed && dialect.mayGoOn?.(raw('id'))) || raw('1 = 1')]
      if (filter.uuid !== undefined) where.push(sql`uuid = ${filter.uuid}`)
      if (filter.name !== undefined) where.push(sql`name = ${filter.name}`)
      if (filter.queue !== undefined) where.push(sql`queue = ${filter.queue}`)
      if (filter.outcome !== undefined) where.push(sql`outcome = ${filter.outcome}`)
      const read = isNarrowed ? search : all
      const rows = await read(sql`select * from ${tables.runs} where ${joined(where, ' and ')} ${pageOf(page, 'id')}`)
      return paged(rows, page, run)
    },

    async metrics({ from, to, queue, name }) {
      const where = [sql`minute >= ${from} and minute < ${to}`]
      if (queue !== undefined) where.push(sql`queue = ${queue}`)
      if (name !== undefined) where.push(sql`name = ${name}`)
      const rows = await all(sql`
        select minute, queue, name, ${METRIC_SUMS}
          from ${tables.metrics} where minute > 0 and ${joined(where, ' and ')}
         group by minute, queue, name order by minute, queue, name`)
      return rows.map(metric)
    },

    async metricTotals() {
      const rows = await all(sql`
        select queue, name, ${METRIC_SUMS} from ${tables.metrics} group by queue, name order by queue, name`)
      return rows.map(metric)
    },
  }
}

/** Whether row ids alone find the rows, in the order of the page: all that there are, or some that are named. */
function isLookUp(filter: JobFilter | FailedFilter): boolean {
  return filter.refs !== undefined || isUnfiltered(filter)
}
