import { setTimeout as sleep } from 'node:timers/promises'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { expect, onTestFinished, test } from 'vitest'
import { mysqlStore } from '../../src/stores/mysql/store.ts'
import { CONFIG, installation } from '../cli/support.ts'
import { newJob } from '../support/jobs.ts'
import { LARAVEL_TABLES } from '../support/laravel-mysql.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { until } from './support.ts'

/** After the last job, looks become fewer for so long. */
const QUIET_MS = 10_000
const MEASURED_MS = 30_000

/** Tables on a server that nobody else asks, so that its own counter tells what a process costs. */
async function database(tables?: string) {
  const server = await startMariadb()
  onTestFinished(() => server.stop())
  const look = await mysql.createConnection({ uri: server.url, multipleStatements: true })
  onTestFinished(() => look.end())
  await look.query(`create database idle; use idle; ${tables ?? 'do 0'}`)
  return {
    url: server.url.replace(/\/mysql$/, '/idle'),
    async statements(): Promise<number> {
      const [rows] = await look.query<RowDataPacket[]>(`show global status like 'Questions'`)
      return Number(rows[0]!.Value)
    },
  }
}

/** Statements that a worker process sends in the time measured, once it has done what there was to do. */
async function askedWhileIdle(tables?: string): Promise<number> {
  const { url, statements } = await database(tables)
  const store = mysqlStore({ url })
  await store.open()
  await store.migrate()
  const worker = installation({ DATABASE_URL: url }).begin('work', '--config', CONFIG)
  await worker.prints('Processing jobs')
  await store.push([
    newJob({ queue: 'demo', name: 'demo.quick', input: { ms: 1 } }),
    newJob({ queue: 'demo', name: 'demo.quick', input: { ms: 1 }, delayMs: 3_600_000 }),
  ])
  await worker.prints('DONE')
  await until('the settlement', async () => (await store.counts())[0]!.due === 0)
  await store.close()
  await sleep(QUIET_MS)
  const before = await statements()
  await sleep(MEASURED_MS)
  // The question itself is one.
  return (await statements()) - before - 1
}

test('an idle worker process sends fewer than two statements a second, housekeeping included, on tables of Faena’s and of Laravel’s', async () => {
  const asked = await Promise.all([askedWhileIdle(), askedWhileIdle(LARAVEL_TABLES['laravel-12'])])

  for (const statements of asked) {
    expect(statements).toBeLessThanOrEqual((MEASURED_MS / 1_000) * 2)
    // It does beat and look.
    expect(statements).toBeGreaterThan((MEASURED_MS / 1_000) * 1.2)
  }
})
