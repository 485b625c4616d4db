import { expect, test } from 'vitest'
import type { SettledOutcome, Store } from '../../src/store.ts'
import { failure, newJob } from '../support/jobs.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'
import { ended, startWorker } from '../support/worker.ts'

const QUEUES = ['high', 'default', 'low']
const PUSHES = 60
const KEYS = 40

interface Ledger {
  pushed: number
  completed: number
  lost: number
}

function some<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!
}

async function produce(store: Store, producer: string, ledger: Ledger): Promise<void> {
  for (let seq = 1; seq <= PUSHES; seq += 1) {
    const jobs = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () => {
      const onTaken = some(['skip', 'replace', 'pushBack'] as const)
      const unique = {
        key: `case:${Math.floor(Math.random() * KEYS)}`,
        onTaken,
        until: some(['ended', 'processing'] as const),
      }
      return newJob({ queue: some(QUEUES), priority: some([0, 0, 0, -1]), ...(Math.random() < 0.2 && { unique }) })
    })
    const pushed = await store.push(jobs, { fresh: true, pushId: { producer, seq } })
    ledger.pushed += pushed.filter(({ outcome }) => outcome === 'dispatched').length
  }
}

async function work(store: Store, ledger: Ledger, over: () => boolean): Promise<void> {
  const worker = await startWorker(store, { leaseMs: 600_000 })
  for (let empty = 0; empty < 5 || !over(); ) {
    const jobs = await worker.reserve({ queues: QUEUES, limit: 1 + Math.floor(Math.random() * 50) })
    empty = jobs.length === 0 ? empty + 1 : 0
    if (jobs.length === 0) continue
    const outcomes = jobs.map((job) => {
      const chosen = Math.random()
      const outcome: SettledOutcome =
        job.attempts > 2 || chosen < 0.85
          ? { kind: 'completed' }
          : chosen < 0.9
            ? { kind: 'retry', delayMs: 0 }
            : chosen < 0.95
              ? { kind: 'released', delayMs: 0 }
              : { kind: 'failed', failure: failure(job) }
      return ended(job, outcome)
    })
    const settled = await worker.settle(outcomes)
    const applied = new Set(settled.applied)
    ledger.completed += outcomes.filter(({ id, outcome }) => outcome.kind === 'completed' && applied.has(id)).length
    ledger.lost += settled.lost.length + settled.refused.length
  }
  await store.deregister(worker.id)
}

/** Brings back what failed, moves jobs about and sweeps, all the time. */
async function administrate(store: Store, over: () => boolean): Promise<void> {
  while (!over()) {
    const { job, failed } = await store.bounds()
    await store.retry({}, { limit: 50, upTo: failed })
    await store.change({ queue: 'low' }, { queue: 'default' }, { limit: 20, upTo: job })
    await store.prune({ runsMs: 1, metricsMs: 1 }, 100)
    await store.reclaim()
  }
}

/** As a worker of Laravel's does it: push, pop, delete; a deadlock would be an exception of its own. */
async function php(database: TestDatabase, over: () => boolean): Promise<number> {
  const connection = await database.connect()
  let done = 0
  while (!over()) {
    await connection.query(
      `insert into jobs (queue, attempts, reserved_at, available_at, created_at, payload)
       values ('php', 0, null, unix_timestamp(), unix_timestamp(), '{"uuid":"x","job":"App\\\\Jobs\\\\Sync@fire"}')`,
    )
    await connection.beginTransaction()
    const [rows] = (await connection.query(
      `select * from jobs where queue = 'php' and ((reserved_at is null and available_at <= unix_timestamp())
         or (reserved_at <= unix_timestamp() - 90)) order by id asc limit 1 for update skip locked`,
    )) as unknown as [{ id: number }[]]
    const id = rows[0]?.id
    if (id) await connection.query('update jobs set reserved_at = unix_timestamp(), attempts = 1 where id = ?', [id])
    await connection.commit()
    if (!id) continue
    await connection.beginTransaction()
    await connection.query('select * from jobs where id = ? limit 1 for update', [id])
    await connection.query('delete from jobs where id = ?', [id])
    await connection.commit()
    done += 1
  }
  return done
}

test.each([undefined, 'laravel-12'] as const)(
  'many processes at once lose no job and end none twice (tables of %s)',
  { timeout: 120_000 },
  async (tables) => {
    await using database = await testDatabase(tables)
    const stores: Store[] = []
    for (let at = 0; at < 4; at += 1) stores.push(await database.store())
    await stores[0]!.migrate()
    const ledger: Ledger = { pushed: 0, completed: 0, lost: 0 }
    let produced = false
    const over = () => produced
    const administrating = administrate(stores[1]!, over)
    const shared = tables ? [php(database, over), php(database, over)] : []
    const working = stores.map((store) => work(store, ledger, over))

    await Promise.all([produce(stores[0]!, 'web-0', ledger), produce(stores[1]!, 'web-1', ledger)])
    produced = true
    const done = await Promise.all(shared)
    await Promise.all([administrating, ...working])

    const left = (await stores[0]!.counts()).filter(({ queue }) => queue !== 'php')
    expect({ lost: ledger.lost, left }).toEqual({ lost: 0, left: [] })
    expect(ledger.completed + (await stores[0]!.countFailed())).toBe(ledger.pushed)
    expect(done.every((count) => count > 0)).toBe(true)
  },
)
