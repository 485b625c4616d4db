import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { settingsFrom } from '../../src/index.ts'
import './settings.ts'

/**
 * The application's own tables, in the very file that holds the queue's: so a case and the job that fetches it are stored
 * in one transaction, both or neither.
 */
export interface Case {
  id: number
  number: string
  status: 'pending' | 'fetching' | 'done' | 'failed'
  court: string | null
  entries: { date: string; text: string }[]
  error: string | null
}

export interface Order {
  id: number
  tiendaId: number
  customer: string
  total: number
  status: 'imported' | 'synced' | 'failed'
  receipt: string | null
  error: string | null
}

const path = databasePath()
mkdirSync(dirname(path), { recursive: true })
const db = connect()
const writer = connect()
db.exec(`
  create table if not exists cases (
    id integer primary key autoincrement,
    number text not null,
    status text not null default 'pending',
    court text,
    entries text not null default '[]',
    error text,
    looked_at integer
  );
  create table if not exists orders (
    id integer primary key,
    tienda_id integer not null,
    customer text not null,
    total real not null,
    status text not null default 'imported',
    receipt text,
    error text
  );
`)

const open = new AsyncLocalStorage<DatabaseSync>()
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs `work` in a transaction; all that it calls here takes part in it, a job that the sync connection runs on the spot too.
 * One at a time, since a connection has no more than one. `tx` is what `dispatch` is given so that the job is stored with the rest, and `complete` so that it ends with it.
 */
export function transaction<T>(work: (tx: DatabaseSync) => Promise<T>): Promise<T> {
  const around = open.getStore()
  if (around !== undefined) return work(around)
  const run = last.then(async () => {
    writer.exec('begin immediate')
    try {
      const result = await open.run(writer, () => work(writer))
      writer.exec('commit')
      return result
    } catch (error) {
      writer.exec('rollback')
      throw error
    }
  })
  last = run.catch(() => {})
  return run
}

export function insertCase(number: string): number {
  return Number(prepare('insert into cases (number) values (?)').run(number).lastInsertRowid)
}

export function findCase(id: number): Case | undefined {
  const row = prepare('select id, number, status, court, entries, error from cases where id = ?').get(id)
  return row && ({ ...row, entries: JSON.parse(row.entries as string) } as Case)
}

export function startCase(id: number) {
  prepare(`update cases set status = 'fetching' where id = ?`).run(id)
}

/** Written so that a second run of the same job does no harm: jobs run at least once. */
export function finishCase(id: number, court: string, entries: Case['entries']) {
  prepare(`update cases set status = 'done', court = ?, entries = ?, error = null, looked_at = ? where id = ?`).run(
    court,
    JSON.stringify(entries),
    Date.now(),
    id,
  )
}

export function failCase(id: number, error: string) {
  prepare(`update cases set status = 'failed', error = ? where id = ?`).run(error, id)
}

/** Ids of cases that nobody has looked at since `before` (unix ms). */
export function staleCases(before: number): number[] {
  return prepare(`select id from cases where status = 'done' and looked_at < ? order by id`)
    .all(before)
    .map((row) => Number(row.id))
}

export function saveOrders(orders: readonly Pick<Order, 'id' | 'tiendaId' | 'customer' | 'total'>[]) {
  const insert = prepare(
    `insert into orders (id, tienda_id, customer, total) values (?, ?, ?, ?)
     on conflict (id) do update set customer = excluded.customer, total = excluded.total`,
  )
  for (const { id, tiendaId, customer, total } of orders) insert.run(id, tiendaId, customer, total)
}

export function findOrder(id: number): Order | undefined {
  const row = db
    .prepare('select id, tienda_id as tiendaId, customer, total, status, receipt, error from orders where id = ?')
    .get(id)
  return row && ({ ...row } as unknown as Order)
}

export function countOrders(): Record<string, number> {
  const rows = prepare('select status, count(*) as count from orders group by status order by status').all()
  return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]))
}

export function finishOrder(id: number, receipt: string) {
  prepare(`update orders set status = 'synced', receipt = ?, error = null where id = ?`).run(receipt, id)
}

export function failOrder(id: number, error: string) {
  prepare(`update orders set status = 'failed', error = ? where id = ?`).run(error, id)
}

function prepare(sql: string) {
  return (open.getStore() ?? db).prepare(sql)
}

function connect(): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec('pragma journal_mode = wal')
  return database
}

function databasePath(): string {
  const { url } = settingsFrom(process.env)
  const found = /^(?:sqlite|file):(?:\/\/)?([^?]+)/.exec(url)
  if (found?.[1]) return found[1]
  throw new Error(
    `DATABASE_URL is ${JSON.stringify(url)}; allowed: sqlite:PATH, since this example keeps its own tables there too`,
  )
}
