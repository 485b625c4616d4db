import { setTimeout as sleep } from 'node:timers/promises'
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mysqlStore } from '../../src/stores/mysql/store.ts'
import { CONFIG, installation } from '../cli/support.ts'
import { newJob } from '../support/jobs.ts'
import { LARAVEL_TABLES } from '../support/laravel-mysql.ts'
import { type MariadbServer, startMariadb } from '../support/servers/mariadb.ts'
import { until } from './support.ts'

/** Nothing else asks this server, so that its own counter tells what a process costs. */
let server: MariadbServer
let look: Connection

beforeAll(async () => {
  server = await startMariadb()
  look = await mysql.createConnection({ uri: server.url, multipleStatements: true })
})

afterAll(async () => {
  await look?.end()
  await server?.stop()
})

async function statements(): Promise<number> {
  const [rows] = await look.query<RowDataPacket[]>(`show global status like 'Questions'`)
  return Number(rows[0]!.Value)
}

/** After the last job, looks become fewer for so long. */
const QUIET_MS = 10_000
const MEASURED_MS = 30_000

test.each([
  ['Faena', undefined],
  ['Laravel', LARAVEL_TABLES['laravel-12']],
])(
  'an idle worker process on tables of %s costs at most two statements a second, its housekeeping included',
  async (maker, tables) => {
    const database = `idle_${maker.toLowerCase()}`
    await look.query(`create database ${database}; use ${database}; ${tables ?? 'do 0'}`)
    const url = server.url.replace(/\/mysql$/, `/${database}`)
    const store = mysqlStore({ url })
    await store.open()
    await store.migrate()
    const faena = installation({ DATABASE_URL: url })
    const process = faena.begin('work', '--config', CONFIG)
    await process.prints('Processing jobs')
    await store.push([
      newJob({ queue: 'demo', name: 'demo.quick', input: { ms: 1 } }),
      newJob({ queue: 'demo', name: 'demo.quick', input: { ms: 1 }, delayMs: 3_600_000 }),
    ])
    await process.prints('DONE')
    await until('the settlement', async () => (await store.counts())[0]!.due === 0)
    await store.close()
    await sleep(QUIET_MS)

    const before = await statements()
    await sleep(MEASURED_MS)
    // The question itself is one.
    const asked = (await statements()) - before - 1

    console.log('ASKED', asked)
    expect(asked).toBeLessThanOrEqual((MEASURED_MS / 1_000) * 2)
    // It does beat and look.
    expect(asked).toBeGreaterThan((MEASURED_MS / 1_000) * 1.2)
  },
)
