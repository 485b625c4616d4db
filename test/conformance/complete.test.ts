import { describe, expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import type { FaenaError } from '../../src/core/errors.ts'
import { handle, type JobContext } from '../../src/core/handler.ts'
import type { NewRun, ReservedJob, Store } from '../../src/store.ts'
import type { Worker } from '../../src/worker/worker.ts'
import type { Transaction } from '../support/harness.ts'
import { uuidOf } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended, LEASE, type TestWorker } from '../support/worker.ts'
import { aJob } from '../worker/jobs.ts'
import { abortOf, gate, listenTo, makeWorker, nth, push, withCalls } from '../worker/support.ts'

type InTransaction = Given & Required<Pick<Given, 'begin'>>

const ENDS = ['completed', 'retrying', 'failed', 'released', 'cancelled', 'lost'] as const

eachStore('completing in the application’s transaction', (open) => {
  const withTransactions = (title: string, run: (given: InTransaction) => Promise<void>) =>
    test(title, async () => {
      await using given = await open()
      const { begin } = given
      if (begin) await run({ ...given, begin })
      else await expect(given.store.fate(completionOf(1, 1))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })

  describe('the store', () => {
    withTransactions('says committed once the transaction is, and the run that says so came with it', async (given) => {
      const { job, worker, completed } = await reserved(given)
      const { tx, commit } = await given.begin()
      await completed(tx)
      const whileOpen = [await worker.fate(), (await given.store.runs({ uuid: uuidOf(job) }, { limit: 5 })).rows]

      await commit()

      expect(whileOpen).toEqual([given.store.kind === 'sqlite' ? 'undone' : 'open', []])
      expect(await worker.fate()).toBe('committed')
      const { rows } = await given.store.runs({ uuid: uuidOf(job) }, { limit: 5 })
      expect(rows).toMatchObject([{ outcome: 'completed', attempt: 1, worker: worker.id }])
    })

    withTransactions('says undone after a rollback, and nothing is left of the run', async (given) => {
      const { job, worker, completed } = await reserved(given)
      const { tx, rollback } = await given.begin()
      await completed(tx)

      await rollback()

      expect(await worker.fate()).toBe('undone')
      expect((await given.store.runs({ uuid: uuidOf(job) }, { limit: 5 })).rows).toEqual([])
      expect((await worker.complete(job)).applied).toEqual([job.id])
    })

    withTransactions('says lost where it was rolled back and the job is somebody else’s', async (given) => {
      const { worker, completed } = await reserved(given)
      const { tx, rollback } = await given.begin()
      await completed(tx)
      await rollback()

      await given.store.deregister(worker.id)

      expect(await worker.fate()).toBe('lost')
    })

    withTransactions('frees the unique key with the commit, and not before', async (given) => {
      const unique = { key: 'cases.fetch:case:1' }
      const { completed } = await reserved(given, unique)
      const first = await given.begin()
      await completed(first.tx)
      await first.rollback()
      const afterRollback = await given.job({ unique })
      const second = await given.begin()
      await completed(second.tx)

      await second.commit()

      expect(afterRollback.outcome).toBe('skipped')
      expect((await given.job({ unique })).outcome).toBe('dispatched')
    })

    withTransactions('brings nothing back where the worker dies right after the commit', async (given) => {
      const { job, completed } = await reserved(given)
      const { tx, commit } = await given.begin()
      await completed(tx)
      await commit()

      given.clock.advance(LEASE + 1)
      const reclaimed = await given.reclaimAll()

      expect(reclaimed).toMatchObject({ returned: 0 })
      expect(given.raw.jobRows()).toEqual([])
      expect(await given.store.getFailed(uuidOf(job))).toBeUndefined()
    })

    withTransactions('brings the job back where worker and transaction die together', async (given) => {
      const { completed } = await reserved(given)
      const { tx, rollback } = await given.begin()
      await completed(tx)
      await rollback()

      given.clock.advance(LEASE + 1)

      expect(await given.reclaimAll()).toMatchObject({ returned: 1 })
    })
  })

  describe('the handler’s transaction', () => {
    withTransactions('ends the job when it commits: completed is told once, and lost never', async (given) => {
      const { store } = given
      const uuid = await push(store, aJob())
      await using worker = await working(given, async ({ complete }) => {
        const { tx, commit } = await given.begin()
        await complete(tx)
        await commit()
        return { pages: 3 }
      })
      const told = listenTo(worker, ...ENDS)

      await nth(worker, 'completed', 1)
      await worker.stop()

      expect(told).toMatchObject([{ name: 'completed', event: { uuid, attempts: 1, result: { pages: 3 } } }])
      expect(given.raw.jobRows()).toEqual([])
      expect((await store.runs({ uuid }, { limit: 5 })).rows).toMatchObject([{ outcome: 'completed' }])
      const now = Date.now()
      const metrics = await store.metrics({ from: now - 300_000, to: now + 300_000 })
      expect(metrics).toMatchObject([{ completed: 1, retried: 0, failed: 0 }])
    })

    withTransactions('that is rolled back by an error leaves the attempt to its error', async (given) => {
      const uuid = await push(given.store, aJob())
      let attempts = 0
      await using worker = await working(given, async ({ complete }) => {
        const { tx, commit, rollback } = await given.begin()
        await complete(tx)
        if (++attempts > 1) return commit()
        await rollback()
        throw new Error('no funds')
      })
      const told = listenTo(worker, ...ENDS)

      await Promise.all([nth(worker, 'retrying', 1), nth(worker, 'completed', 1)])

      expect(byAttempt(told)).toMatchObject([
        { name: 'retrying', event: { uuid, attempts: 1, error: { message: 'no funds' } } },
        { name: 'completed', event: { uuid, attempts: 2 } },
      ])
    })

    withTransactions('may be tried again within one attempt', async (given) => {
      await push(given.store, aJob())
      await using worker = await working(given, async ({ complete }) => {
        const first = await given.begin()
        await complete(first.tx)
        await first.rollback()
        const second = await given.begin()
        await complete(second.tx)
        await second.commit()
      })
      const told = listenTo(worker, ...ENDS)

      await nth(worker, 'completed', 1)

      expect(told).toHaveLength(1)
    })

    withTransactions('is told LEASE_LOST by complete(tx) where the job may run elsewhere by now', async (given) => {
      await push(given.store, aJob())
      const errors: unknown[] = []
      await using worker = await working(given, async ({ complete }) => {
        if (errors.length === 0) await given.store.deregister(worker.id!)
        const { tx, commit, rollback } = await given.begin()
        try {
          await complete(tx)
          await commit()
        } catch (error) {
          errors.push(error)
          await rollback()
          throw error
        }
      })

      await nth(worker, 'completed', 1)

      // Once more, where its heartbeat was told of the loss before complete(tx) was.
      expect(new Set(errors.map((error) => (error as FaenaError).code))).toEqual(new Set(['LEASE_LOST']))
    })

    withTransactions(
      'counts, not what the handler threw after it: a commit’s lost answer doubles nothing',
      async (given) => {
        const uuid = await push(given.store, aJob())
        await using worker = await working(given, async ({ complete }) => {
          const { tx, commit } = await given.begin()
          await complete(tx)
          await commit()
          throw new Error('the connection was lost')
        })
        const told = listenTo(worker, ...ENDS, 'notice')

        await nth(worker, 'completed', 1)
        await worker.stop()

        expect(told.filter(({ name }) => name !== 'notice')).toMatchObject([{ name: 'completed', event: { uuid } }])
        expect(told).toContainEqual({
          name: 'notice',
          event: { text: expect.stringContaining(`${uuid}) is completed`) },
        })
        expect(given.raw.jobRows()).toEqual([])
        expect(given.raw.failedRows()).toEqual([])
      },
    )

    withTransactions('that was rolled back in silence is no completion', async (given) => {
      await push(given.store, aJob())
      let attempts = 0
      await using worker = await working(given, async ({ complete }) => {
        const { tx, commit, rollback } = await given.begin()
        await complete(tx)
        await (++attempts > 1 ? commit() : rollback())
      })
      const told = listenTo(worker, ...ENDS)

      await Promise.all([nth(worker, 'retrying', 1), nth(worker, 'completed', 1)])

      expect(byAttempt(told)).toMatchObject([
        { name: 'retrying', event: { attempts: 1, error: { code: 'NOT_COMMITTED' } } },
        { name: 'completed', event: { attempts: 2 } },
      ])
    })

    withTransactions('is obeyed before release() and fail()', async (given) => {
      await push(given.store, aJob())
      await using worker = await working(given, async ({ complete, release }) => {
        const { tx, commit } = await given.begin()
        await complete(tx)
        await commit()
        release()
      })
      const told = listenTo(worker, ...ENDS)

      await nth(worker, 'completed', 1)

      expect(told).toHaveLength(1)
    })

    withTransactions('does not have the handler aborted by the heartbeat that misses the row', async (given) => {
      const missed = gate()
      const store = withCalls(given.store, (original) => ({
        heartbeat: async (beat) => {
          const answer = await original.heartbeat(beat)
          if (answer.gone.length > 0) missed.open()
          return answer
        },
      }))
      await push(store, aJob())
      let aborted: boolean | undefined
      await using worker = await working(
        { ...given, store },
        async ({ complete, signal }) => {
          const { tx, commit } = await given.begin()
          await complete(tx)
          await commit()
          await missed.opened
          await new Promise((resolve) => setImmediate(resolve))
          aborted = signal.aborted
        },
        { leaseMs: 10_000 },
      )

      await nth(worker, 'completed', 1)

      expect(aborted).toBe(false)
    })

    withTransactions('that is rolled back does not keep a cancelled job’s handler from being told', async (given) => {
      const uuid = await push(given.store, aJob())
      let reason: unknown
      await using worker = await working(
        given,
        async ({ signal }) => {
          await given.store.remove({ refs: [uuid] }, { limit: 1, upTo: Number.MAX_SAFE_INTEGER })
          reason = await abortOf(signal)
        },
        { leaseMs: 10_000 },
      )

      await nth(worker, 'cancelled', 1)

      expect(reason).toMatchObject({ code: 'JOB_CANCELLED' })
    })

    withTransactions('carries the result that is kept', async (given) => {
      const { store } = given
      const queue = createQueue({ store })
      const job = aJob({ keepResult: '1h' })
      const dispatched = await queue.dispatch(job, {})
      await using _ = await working(
        given,
        async ({ complete }) => {
          const { tx, commit } = await given.begin()
          await complete(tx, { pages: 3 })
          await commit()
        },
        {},
        job,
      )

      expect(await queue.wait(dispatched)).toEqual({ status: 'completed', result: { pages: 3 } })
    })

    withTransactions('has to be given', async (given) => {
      await push(given.store, aJob({ tries: 1 }))
      await using worker = await working(given, async ({ complete }) => complete(undefined))

      const { error } = await nth(worker, 'failed', 1)

      expect(error).toMatchObject({ code: 'BAD_ARGUMENT', message: /^tx is undefined/ })
    })

    withTransactions('that stays open holds up no other job’s outcome, and decides when it ends', async (given) => {
      // SQLite has one writer: there an open transaction holds up everything, and has to be short.
      if (given.store.kind === 'sqlite') return
      const joined = gate<Transaction>()
      const first = await push(given.store, aJob(), { open: true })
      const second = await push(given.store, aJob(), {})
      await using worker = await working(given, async ({ complete, input }) => {
        if (!(input as { open?: boolean }).open) return void (await joined.opened)
        const transaction = await given.begin()
        await complete(transaction.tx)
        joined.open(transaction)
      })
      const told = listenTo(worker, ...ENDS)
      const both = nth(worker, 'completed', 2)

      await nth(worker, 'completed', 1)
      const before = told.map(({ event }) => event.uuid)
      await (await joined.opened).commit()
      await both

      expect(before).toEqual([second])
      expect(told.map(({ name, event }) => [name, event.uuid])).toEqual([
        ['completed', second],
        ['completed', first],
      ])
    })

    withTransactions('may commit after the attempt’s time was over: it stays completed', async (given) => {
      if (given.store.kind === 'sqlite') return
      const uuid = await push(given.store, aJob({ timeout: '50ms' }))
      const stuck = gate()
      await using worker = await working(
        given,
        async ({ complete }) => {
          const { tx, commit } = await given.begin()
          await complete(tx)
          await stuck.opened
          await commit()
        },
        { graceMs: 50 },
      )
      const told = listenTo(worker, ...ENDS)
      await nth(worker, 'stuck', 1)

      stuck.open()
      await worker.stopped

      expect(told).toMatchObject([{ name: 'completed', event: { uuid } }])
      expect(given.raw.jobRows()).toEqual([])
    })
  })

  test('is refused by a store without transactions, and the attempt fails for that', async () => {
    await using given = await open()
    if (given.begin) return
    await push(given.store, aJob({ tries: 1 }))
    await using worker = await working(given, async ({ complete }) => complete({}))

    const { error } = await nth(worker, 'failed', 1)

    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
  })
})

function completionOf(worker: number, id: number, uuid = 'none') {
  return { worker, id, attempts: 1, uuid }
}

/** A job in a worker's hands, and what completes it in a transaction as a worker does. */
async function reserved(given: InTransaction, unique?: { key: string }) {
  await given.job({ unique })
  const worker = await given.worker()
  const job = await worker.reserveOne()
  const fate = () => given.store.fate(completionOf(worker.id, job.id, uuidOf(job)))
  const completed = async (tx: unknown) => {
    const outcome = { ...ended(job, { kind: 'completed' }), run: runOf(job, worker) }
    expect(await worker.settle([outcome], { tx })).toEqual({ applied: [job.id], lost: [], refused: [] })
  }
  return { job, worker: Object.assign(worker, { fate }), completed }
}

function runOf(job: ReservedJob, worker: TestWorker): NewRun {
  const { attempts: attempt, queue } = job
  const run = { uuid: uuidOf(job), name: 'cases.fetch', queue, attempt, worker: worker.id, startedAt: 1, endedAt: 2 }
  return {
    ...run,
    outcome: 'completed',
    headline: null,
    progress: null,
    note: null,
    log: [],
    result: null,
    keepUntil: null,
  }
}

/** In the order of the attempts: the end of one may be told while the next already runs. */
function byAttempt<Told extends { event: { attempts: number } }>(told: readonly Told[]): Told[] {
  return told.toSorted((a, b) => a.event.attempts - b.event.attempts)
}

async function working(
  { store }: { store: Store },
  run: (context: JobContext) => Promise<unknown>,
  options: Parameters<typeof makeWorker>[2] = {},
  job = aJob(),
): Promise<Worker & AsyncDisposable> {
  const worker = makeWorker(store, [handle(job, run)], { concurrency: 4, ...options })
  // In the next turn: what the test listens for from this one on, it hears from the beginning.
  setImmediate(() => void worker.start())
  // The store goes with the test, so the worker has to end before it.
  return Object.assign(worker, { [Symbol.asyncDispose]: async () => void (await worker.stop({ graceMs: 0 })) })
}
