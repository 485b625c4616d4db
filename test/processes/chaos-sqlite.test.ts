import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { shortJob, spinningJob } from './fixtures/chaos-jobs.ts'
import { readLedger, startWorker, temporaryFolder, until, type WorkerProcess } from './support.ts'

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
  const workers: WorkerProcess[] = await Promise.all(Array.from({ length: 4 }, () => startWorker(url, ledger)))
  let kills = 0
  while ((await left()) > 0 && kills < 40) {
    await sleep(60 + Math.random() * 240)
    const at = Math.floor(Math.random() * workers.length)
    const victim = workers[at]!
    killed.add(victim.pid)
    process.kill(victim.pid, 'SIGKILL')
    await victim.ended
    kills++
    workers[at] = await startWorker(url, ledger)
  }
  await until('every job ended', async () => (await left()) === 0)

  const lines = readLedger(ledger)
  const ends = new Set(lines.filter(({ event }) => event === 'end').map(({ uuid }) => uuid))
  expect(kills).toBeGreaterThan(3)
  expect(ends).toEqual(new Set(dispatched.map(({ uuid }) => uuid)))
  expect(await store.countFailed()).toBe(0)
  // An attempt is given back when its worker dies, so no job ever saw a second one.
  expect(lines.filter(({ attempt }) => attempt !== 1)).toEqual([])
  const runs = new Map<string, number[]>()
  for (const { event, uuid, pid } of lines) if (event === 'start') runs.set(uuid, [...(runs.get(uuid) ?? []), pid])
  const unexplained = [...runs.values()].filter((pids) => pids.slice(0, -1).some((pid) => !killed.has(pid)))
  expect(unexplained).toEqual([])
  const completions = lines.filter(({ event }) => event === 'completed').map(({ uuid }) => uuid)
  expect(new Set(completions).size).toBe(completions.length)
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

test('a handler that blocks the event loop for three leases keeps its job and runs once', async () => {
  const { url, store, queue, left, ledger } = await installation()
  await startWorker(url, ledger, { lease: 2_000 })
  await startWorker(url, ledger, { lease: 2_000 })

  await queue.dispatch(spinningJob, { ms: 6_000 })
  await until('it ended', async () => (await left()) === 0, 20_000)

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
