import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { ENDED_WITH_ITS_WORKER } from '../../src/core/failure.ts'
import { handle } from '../../src/core/handler.ts'
import { openStore } from '../../src/stores/open.ts'
import { aJob } from './jobs.ts'
import { abortOf, listenTo, newJob, nth, push, startWorker } from './support.ts'

async function openFile() {
  const folder = mkdtempSync(join(tmpdir(), 'faena-'))
  const url = `sqlite:${join(folder, 'jobs.db')}`
  const store = await openStore(url)
  await store.open()
  await store.migrate()
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { store, url }
}

const ALL = { limit: 100, upTo: Number.MAX_SAFE_INTEGER }

/** Blocks the event loop, as a handler that computes does, but leaves the processors to others. */
function block(ms: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('a thread keeps the lease while a handler blocks the event loop for longer than the lease', async () => {
  const { store, url } = await openFile()
  const database = new DatabaseSync(url.slice('sqlite:'.length), { timeout: 5_000 })
  onTestFinished(() => database.close())
  const leaseUntil = () => Number(database.prepare('select lease_until from faena_workers').get()?.lease_until)
  const job = aJob()
  const worker = await startWorker(
    store,
    [
      handle(job, async () => {
        // The timer stands in until the thread is ready, which a busy machine takes longer for than a lease this short.
        for (;;) {
          const before = leaseUntil()
          block(1_000)
          if (leaseUntil() !== before) break
          await sleep(700)
        }
        block(4_000)
      }),
    ],
    { heartbeat: { url }, leaseMs: 2_000 },
  )
  const told = listenTo(worker, 'lost', 'notice', 'storeError')
  const id = worker.id
  const completed = worker.events.once('completed')
  await push(store, job)

  expect(await completed).toMatchObject({ worker: id, attempts: 1 })
  expect(await store.reclaim()).toMatchObject({ workers: [], returned: 0 })
  expect(told).toEqual([])
}, 30_000)

test('a cancelled job is told through the thread too', async () => {
  const { store, url } = await openFile()
  const job = aJob()
  const worker = await startWorker(
    store,
    [handle(job, ({ signal }) => abortOf(signal).then(() => signal.throwIfAborted()))],
    {
      heartbeat: { url },
    },
  )
  const started = worker.events.once('started')
  const cancelled = worker.events.once('cancelled')
  const uuid = await push(store, job)
  await started
  await store.remove({ refs: [uuid] }, ALL)

  expect(await cancelled).toMatchObject({ uuid })
})

test('where the thread cannot open its store, a timer takes over and says so', async () => {
  const { store } = await openFile()
  const job = aJob()
  const worker = await startWorker(store, [handle(job, () => {})], { heartbeat: { url: 'nonsense:' }, leaseMs: 500 })
  const notice = await worker.events.once('notice')
  const beats = nth(worker, 'completed', 1)
  await push(store, job)

  await beats
  expect(notice.text).toMatch(/timer/)
  expect((await store.workers()).map(({ id }) => id)).toEqual([worker.id])
})

test('a handler that blocks the event loop beyond its timeout: its attempt is settled, the rest given back, the process ended', async () => {
  const { store, url } = await openFile()
  const script = fileURLToPath(new URL('./fixtures/blocking-worker.ts', import.meta.url))
  const child = fork(script, [url, '500', '10000'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exited = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  const wait = aJob({ name: 'wait' })
  const spin = aJob({ name: 'spin', backoff: '1h' })
  const [waiting, spinning] = await store.push([newJob(wait), newJob(spin)])

  expect(await exited).toBe('SIGKILL')
  expect(stderr).toContain(spinning!.uuid)
  expect(stderr).toMatch(/blocked the event loop/)
  expect(await store.get(spinning!.uuid)).toMatchObject({ attempts: 1, status: 'delayed' })
  // Its own timeout was over as well, but it was not to blame: it keeps its attempt.
  expect(await store.get(waiting!.uuid)).toMatchObject({ attempts: 0, status: 'due' })
  expect(await store.workers()).toEqual([])
})

test('an attempt that fails for good in a blocked process leaves a record for who calls its hook', async () => {
  const { store, url } = await openFile()
  const script = fileURLToPath(new URL('./fixtures/blocking-worker.ts', import.meta.url))
  const child = fork(script, [url, '500', '10000'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  const uuid = await push(store, aJob({ name: 'spin', tries: 1 }))

  expect(await exited).toBe('SIGKILL')
  expect((await store.getFailed(uuid))?.headline).toMatch(/blocked the event loop/)
  const { rows } = await store.runs({ uuid }, { limit: 10 })
  expect(rows).toMatchObject([{ attempt: 1, outcome: 'failed', note: ENDED_WITH_ITS_WORKER, name: 'spin' }])
})
