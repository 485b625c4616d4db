import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../../src/store.ts'
import { sqliteStore } from '../../src/stores/sqlite/store.ts'
import { testClock } from './clock.ts'
import type { Harness, HarnessOptions } from './harness.ts'
import { failedColumns, jobColumns, type RawFailedRow, type RawJobRow, type RawTables } from './raw.ts'

export async function openSqlite({ timezone, connection }: HarnessOptions = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'faena-'))
  const path = join(folder, 'faena.db')
  const clock = testClock()
  const opened: Store[] = []
  const connect = async () => {
    const store = sqliteStore({ path, clock: clock.now, timezone, connection })
    await store.open()
    opened.push(store)
    return store
  }
  const store = await connect()
  await store.migrate()
  const database = new DatabaseSync(path, { timeout: 5_000 })
  return {
    store,
    clock,
    second: connect,
    raw: rawTables(database, clock.now),
    begin: async () => {
      const tx = new DatabaseSync(path)
      tx.exec('begin immediate')
      const end = async (how: 'commit' | 'rollback') => {
        tx.exec(how)
        tx.close()
      }
      return { tx, commit: () => end('commit'), rollback: () => end('rollback') }
    },
    close: async () => {
      database.close()
      for (const each of opened) await each.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function rawTables(database: DatabaseSync, now: () => number): RawTables {
  const insert = (table: string, row: Record<string, string | number | null>) => {
    const columns = Object.keys(row)
    const places = columns.map(() => '?').join(', ')
    const sql = `insert into ${table} (${columns.join(', ')}) values (${places})`
    return Number(database.prepare(sql).run(...Object.values(row)).lastInsertRowid)
  }
  const rows = <Row>(sql: string) => database.prepare(sql).all() as unknown as Row[]
  return {
    insertJob: (row) => insert('jobs', jobColumns(row, now())),
    insertFailed: (row) => insert('failed_jobs', failedColumns(row)),
    deleteJob: (id) => {
      database.prepare('delete from jobs where id = ?').run(id)
    },
    deleteAllJobs: () => database.exec('delete from jobs'),
    jobRows: () => rows<RawJobRow>('select * from jobs order by id'),
    failedRows: () => rows<RawFailedRow>('select * from failed_jobs order by id'),
  }
}
