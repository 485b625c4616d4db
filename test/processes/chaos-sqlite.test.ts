import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { crashingJob, shortJob, spinningJob } from './fixtures/chaos-jobs.ts'
import {
  expectEndedOnce,
  readLedger,
  retryBlamed,
  startedAfterCompletion,
  startWorker,
  temporaryFolder,
  until,
  type WorkerProcess,
} from './support.ts'

async function installation() {
  const folder = temporaryFolder()
  const url = `sqlite:${join(folder, 'faena.db')}`
  const store = await openStore(url)
  const queue = createQueue({ store })
  const left = async () =>
    (await store.counts()).reduce((sum, { due, delayed, reserved }) => sum + due + delayed + reserved, 0)
  return { url, store, queue, left, ledger: join(folder, 'ledger') }
}

test('killing workers at random loses no job, burns no attempt, and runs again only what a killed worker held', async () => {
  const { url, store, queue, left, ledger } = await installation()
  const jobs = 5_000
  const inputs = Array.from({ length: jobs }, (_, number) => ({ number, ms: 5 + (number % 60) }))
  const dispatched = await queue.dispatchMany(shortJob, inputs)

  const killed = new Set<number>()
  const workers: WorkerProcess[] = await Promise.all(
    Array.from({ length: 4 }, () => startWorker(url, ledger, { lease: 3_000 })),
  )
  let kills = 0
  while ((await left()) > 0 && kills < 40) {
    await sleep(60 + Math.random() * 240)
    const at = Math.floor(Math.random() * workers.length)
    const victim = workers[at]!
    killed.add(victim.pid)
    process.kill(victim.pid, 'SIGKILL')
    await victim.ended
    kills++
    workers[at] = await startWorker(url, ledger, { lease: 3_000 })
  }
  await until('every job ended', async () => (await left()) === 0)
  const blamed = await retryBlamed(store, readLedger(ledger), killed)
  await until('every job that chance had blamed ended', async () => (await left()) === 0)

  const lines = readLedger(ledger)
  expect(kills).toBeGreaterThan(3)
  expect(blamed).toBeLessThan(10)
  expectEndedOnce(lines, new Set(dispatched.map(({ uuid }) => uuid)))
  expect(startedAfterCompletion(lines)).toEqual([])
  expect(await store.countFailed()).toBe(0)
  const runs = new Map<string, number[]>()
  for (const { event, uuid, pid } of lines) if (event === 'start') runs.set(uuid, [...(runs.get(uuid) ?? []), pid])
  const unexplained = [...runs.values()].filter((pids) => pids.slice(0, -1).some((pid) => !killed.has(pid)))
  expect(unexplained).toEqual([])
  await store.close()
})

test('a worker that was stopped past its lease changes nothing when it goes on', async () => {
  const { url, store, queue, left, ledger } = await installation()
  const frozen = await startWorker(url, ledger, { lease: 1_000 })
  const { uuid } = await queue.dispatch(shortJob, { number: 1, ms: 600 })
  await until('the job started', () => readLedger(ledger).some(({ event }) => event === 'start'))

  process.kill(frozen.pid, 'SIGSTOP')
  await startWorker(url, ledger, { lease: 1_000 })
  await until(
    'another worker completed it',
    () => readLedger(ledger).some(({ event }) => event === 'completed'),
    20_000,
  )
  process.kill(frozen.pid, 'SIGCONT')
  await until('the first worker was told', () => readLedger(ledger).some(({ event }) => event === 'lost'), 20_000)

  const lines = readLedger(ledger).filter((line) => line.uuid === uuid)
  const pidsOf = (event: string) => lines.filter((line) => line.event === event).map(({ pid }) => pid)
  expect(pidsOf('lost')).toEqual([frozen.pid])
  expect(pidsOf('completed')).not.toContain(frozen.pid)
  expect(pidsOf('completed')).toHaveLength(1)
  expect(await left()).toBe(0)
  expect(await store.countFailed()).toBe(0)
  await store.close()
})

/** SIGSTOP, but not in the middle of a write, which would lock everybody out. */
async function stopBetweenWrites(pid: number, url: string): Promise<void> {
  const database = new DatabaseSync(url.slice('sqlite:'.length), { timeout: 500 })
  for (;;) {
    process.kill(pid, 'SIGSTOP')
    // The signal is sent; each of the process's threads obeys in its own time.
    await sleep(50)
    try {
      database.exec('begin immediate; rollback')
      database.close()
      return
    } catch {
      process.kill(pid, 'SIGCONT')
      await sleep(5)
    }
  }
}

test('a worker that is stopped past its lease again and again holds up nobody, and begins nothing that ran elsewhere', async () => {
  const { url, store, queue, left, ledger } = await installation()
  const frozen = await startWorker(url, ledger, { lease: 1_000, concurrency: 1 })
  await startWorker(url, ledger, { lease: 1_000 })
  for (let stops = 1; stops <= 5; stops++) {
    const inputs = Array.from({ length: 400 }, (_, number) => ({ number, ms: 5 }))
    await queue.dispatchMany(shortJob, inputs)
    const before = readLedger(ledger).length
    await until(
      'it works',
      () =>
        readLedger(ledger)
          .slice(before)
          .filter(({ pid }) => pid === frozen.pid).length > 10,
    )
    await stopBetweenWrites(frozen.pid, url)
    await until('all ended elsewhere', async () => (await left()) === 0)
    process.kill(frozen.pid, 'SIGCONT')
    await until('it has a lease again', async () => (await store.workers()).some(({ pid }) => pid === frozen.pid))
  }
  await sleep(300)

  // Of what it had begun in that very moment, the line may come after.
  const late = startedAfterCompletion(readLedger(ledger)).filter(({ pid }) => pid === frozen.pid)
  expect(late.length).toBeLessThanOrEqual(1)
  expect(await store.countFailed()).toBe(0)
  await store.close()
})

const completions = (ledger: string) => readLedger(ledger).filter(({ event }) => event === 'completed').length

test('a handler that blocks the event loop for three leases keeps its job and runs once', async () => {
  const { url, store, queue, left, ledger } = await installation()
  await startWorker(url, ledger, { lease: 2_000 })
  await startWorker(url, ledger, { lease: 2_000 })

  await queue.dispatch(spinningJob, { ms: 6_000 })
  await until('it ended', async () => (await left()) === 0, 20_000)
  await until('its worker knows', () => completions(ledger) === 1)

  expect(readLedger(ledger).map(({ event }) => event)).toEqual(['start', 'end', 'completed'])
  await store.close()
})

test('a handler that blocks the event loop past its timeout is settled as timed out, and its process ends', async () => {
  const { url, store, queue, ledger } = await installation()
  const worker = await startWorker(url, ledger, { lease: 1_000, timeout: 1_000 })

  await queue.dispatch(spinningJob, { ms: 60_000 }, { tries: 2 })
  expect(await worker.ended).toBe('SIGKILL')

  const { rows } = await store.list({}, { limit: 10 })
  expect(rows.map(({ attempts, reservedAt }) => ({ attempts, reservedAt }))).toEqual([
    { attempts: 1, reservedAt: null },
  ])
  await store.close()
})

test('a job that kills its process fails after three of them, and its neighbours neither fail nor lose an attempt', async () => {
  const { url, store, queue, left, ledger } = await installation()
  const { uuid: poison } = await queue.dispatch(crashingJob, {})
  const neighbours = await queue.dispatchMany(
    shortJob,
    Array.from({ length: 30 }, (_, number) => ({ number, ms: 200 })),
  )

  let deaths = 0
  let ended = false
  const keepAlive = async () => {
    while (!ended) {
      const worker = await startWorker(url, ledger, { lease: 600 })
      await Promise.race([worker.ended.then(() => deaths++), until('the end', () => ended)])
    }
  }
  const alive = keepAlive()
  await until('every job ended', async () => (await left()) === 0, 60_000)
  ended = true
  await alive

  expect(deaths).toBe(3)
  const failed = await store.listFailed({}, { limit: 10 })
  expect(failed.rows.map(({ uuid }) => uuid)).toEqual([poison])
  expect(failed.rows[0]?.exception).toContain('held by 3 workers')
  const lines = readLedger(ledger)
  expectEndedOnce(lines, new Set(neighbours.map(({ uuid }) => uuid)))
  await store.close()
})

test('emptying the table under live workers leaves no lock, no stuck worker, and room for the same key', async () => {
  const { url, store, queue, left, ledger } = await installation()
  await startWorker(url, ledger)
  const held = await queue.dispatch(shortJob, { number: 1, ms: 30_000 }, { unique: 'one' })
  await queue.dispatch(shortJob, { number: 2, ms: 1 }, { delay: '1h', unique: 'two' })
  await until('the first job runs', () => readLedger(ledger).length === 1)

  new DatabaseSync(url.slice('sqlite:'.length), { timeout: 5_000 }).exec('delete from jobs')
  await until('the worker let go', async () => (await store.workers()).every(({ running }) => running === 0), 15_000)
  const again = await queue.dispatch(shortJob, { number: 3, ms: 1 }, { unique: 'one' })
  await queue.dispatch(shortJob, { number: 4, ms: 1 }, { unique: 'two' })
  await until('both new jobs ended', async () => (await left()) === 0)
  await until('their worker knows', () => completions(ledger) === 2)

  expect(again.outcome).toBe('dispatched')
  expect(again.uuid).not.toBe(held.uuid)
  expect(completions(ledger)).toBe(2)
  await store.close()
})
