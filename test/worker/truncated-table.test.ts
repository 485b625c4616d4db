import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { handle } from '../../src/core/handler.ts'
import { openStore } from '../../src/stores/open.ts'
import { aJob } from './jobs.ts'
import { abortOf, gate, listenTo, push, startWorker } from './support.ts'

/** What Laravel's `DB::table('jobs')->truncate()` does on SQLite: ids begin at 1 again. */
function truncate(path: string): void {
  const database = new DatabaseSync(path)
  database.exec(`pragma busy_timeout = 2000; delete from sqlite_sequence where name = 'jobs'; delete from jobs`)
  database.close()
}

test('a job that got the id of one that was truncated away runs to its end, whatever the old one ends with', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faena-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'jobs.db')
  const store = await openStore(`sqlite:${path}`)
  const job = aJob()
  const newOneRuns = gate()
  const newOneMayEnd = gate()
  const worker = await startWorker(store, [
    handle(job, async ({ input, signal }) => {
      if (input.which === 'old') return void (await abortOf(signal))
      newOneRuns.open()
      await newOneMayEnd.opened
    }),
  ])
  const told = listenTo(worker, 'completed', 'cancelled', 'lost', 'failed')
  const started = worker.events.once('started')
  const old = await push(store, job, { which: 'old' })
  const { id } = await started
  const cancelled = worker.events.once('cancelled')

  truncate(path)
  const young = await push(store, job, { which: 'young' })
  await newOneRuns.opened
  expect(await store.get(young)).toMatchObject({ id })
  expect(await cancelled).toMatchObject({ uuid: old })
  expect(await store.get(young)).toMatchObject({ id, status: 'reserved' })

  const completed = worker.events.once('completed')
  newOneMayEnd.open()
  expect(await completed).toMatchObject({ uuid: young })
  expect(told.map(({ name }) => name)).toEqual(['cancelled', 'completed'])
  expect(await store.get(young)).toBeUndefined()
  await worker.stop()
  await store.close()
})
