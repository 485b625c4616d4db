import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { CONFIG, installation } from '../cli/support.ts'
import { startPostgres } from '../support/servers/postgres.ts'

const SECONDS = 30

test('an idle worker process asks PostgreSQL at most two statements a second, heartbeat and all housekeeping included', async () => {
  const server = await startPostgres({ shared_preload_libraries: 'pg_stat_statements' })
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('create extension pg_stat_statements')
  const faena = installation({ DATABASE_URL: `${server.url}?schema=idle` })
  expect((await faena.call('migrate')).code).toBe(0)
  const worker = faena.begin('work', '--config', CONFIG)
  // Its lease is what a heartbeat renews; the first one has been after the start.
  await expect
    .poll(async () => (await admin.query('select 1 from idle.faena_workers where beat_at > started_at')).rowCount, {
      timeout: 20_000,
    })
    .toBe(1)
  // The listener has tested itself, and what comes with a start is over.
  await sleep(3_000)
  await admin.query('select pg_stat_statements_reset()')

  await sleep(SECONDS * 1_000)

  const { rows } = await admin.query<{ query: string; calls: number }>(
    `select left(regexp_replace(query, '\\s+', ' ', 'g'), 80) as query, calls::integer from pg_stat_statements
      where query not like '%pg_stat_statements%' order by calls desc`,
  )
  worker.child.kill('SIGTERM')
  await worker.ended
  await admin.end()
  await server.stop()
  const calls = rows.reduce((sum, row) => sum + row.calls, 0)
  expect(calls, JSON.stringify(rows, null, 1)).toBeLessThanOrEqual(2 * SECONDS)
  // A worker that is not there asks nothing.
  expect(calls).toBeGreaterThan(SECONDS / 2)
})
