import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isFaenaError } from '../../src/core/errors.ts'
import type { PushId, Store } from '../../src/store.ts'
import { postgresStore } from '../../src/stores/postgres/store.ts'
import { newJob, newJobs } from '../support/jobs.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { ended, startWorker } from '../support/worker.ts'

/** Does it again until the store answers, as the client and the worker do. */
async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await call()
    } catch (error) {
      if (!isFaenaError(error, 'STORE_UNAVAILABLE') || tries > 200) throw error
      await delay(20)
    }
  }
}

describe('connections that are cut again and again', () => {
  test('neither lose nor double a push, nor end a job twice', { timeout: 60_000 }, async () => {
    await using given = await givenSchema()
    const url = `${given.url}?application_name=${given.schema}`
    const stores = [await given.store({ url }), await given.store({ url })]
    await stores[0]!.migrate()
    const cutter = new AbortController()
    const cutting = (async () => {
      const client = await given.client()
      while (!cutter.signal.aborted) {
        await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
          given.schema,
        ])
        await delay(20 + 40 * Math.random())
      }
    })()

    const pushing = stores.map(async (store, at) => {
      for (let seq = 1; seq <= 60; seq += 1) {
        const pushId: PushId = { producer: `web-${at}`, seq }
        const job = newJob({ input: at * 1_000 + seq })
        await untilAnswered(() => store.push([job], { pushId, fresh: true }))
      }
    })
    await Promise.all(pushing)
    cutter.abort()
    await cutting

    expect(await stores[0]!.counts()).toEqual([{ queue: 'default', due: 120, delayed: 0, reserved: 0 }])

    const again = new AbortController()
    const cuttingAgain = (async () => {
      const client = await given.client()
      while (!again.signal.aborted) {
        await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
          given.schema,
        ])
        await delay(20 + 40 * Math.random())
      }
    })()
    const applied: number[] = []
    await Promise.all(stores.map((store) => drained(store, applied)))
    again.abort()
    await cuttingAgain

    expect(new Set(applied).size).toBe(applied.length)
    expect(applied).toHaveLength(120)
    expect(await untilAnswered(() => stores[0]!.counts())).toEqual([])
  })

  /** A reserve whose answer was lost holds jobs that its worker knows nothing of: it ends there and gives them back. */
  async function drained(store: Store, applied: number[]): Promise<void> {
    for (;;) {
      const worker = await untilAnswered(() => startWorker(store))
      let seq = 0
      for (;;) {
        const jobs = await worker.reserve({ limit: 5 }).catch(() => undefined)
        if (jobs === undefined) break
        if (jobs.length === 0) {
          await untilAnswered(() => store.deregister(worker.id))
          const [left] = await untilAnswered(() => store.counts())
          if (left === undefined) return
          break
        }
        seq += 1
        const settlement = {
          worker: worker.id,
          seq,
          outcomes: jobs.map((job) => ({ ...ended(job, { kind: 'completed' }), unique: false })),
        }
        applied.push(...(await untilAnswered(() => store.settle(settlement))).applied)
      }
      await untilAnswered(() => store.deregister(worker.id))
    }
  }
})

describe('a server that is gone', () => {
  let server: PostgresServer
  let store: Store

  beforeAll(async () => {
    server = await startPostgres()
    store = postgresStore({ url: server.url, timeoutMs: 2_000 })
    await store.open()
    await store.migrate()
  }, 60_000)

  afterAll(async () => {
    await store.close()
    await server.stop()
  })

  test('is told of in time, and used again when it is back; what it had acknowledged is there', {
    timeout: 60_000,
  }, async () => {
    const stored = newJobs(100)
    await store.push(stored)
    const worker = await startWorker(store)
    const held = await worker.reserve({ limit: 10 })
    await server.crash()

    const started = performance.now()
    for (const call of [
      () => store.push([newJob()]),
      () => worker.reserve(),
      () => worker.beat(),
      () => store.counts(),
      () => store.migrate(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    }
    expect(performance.now() - started).toBeLessThan(10_000)
    await expect(postgresStore({ url: server.url }).open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    await server.restart()
    expect(await untilAnswered(() => store.counts())).toEqual([{ queue: 'default', due: 90, delayed: 0, reserved: 10 }])
    expect((await worker.complete(...held)).applied).toHaveLength(10)
  })

  test('does not end the process, even with idle connections and a listener', { timeout: 60_000 }, async () => {
    let wakes = 0
    const end = store.listen!(() => {
      wakes += 1
    })
    await Promise.all(Array.from({ length: 8 }, () => store.counts()))
    await server.crash()
    await delay(300)
    wakes = 0
    await server.restart()

    await expect.poll(() => wakes, { timeout: 20_000 }).toBeGreaterThan(0)
    end()
  })
})

describe('calls that have to wait', () => {
  test('behind a locked table end in time, in doubt; the same push again stores nothing twice', {
    timeout: 60_000,
  }, async () => {
    await using given = await givenSchema()
    const store = await given.store({ timeoutMs: 500 })
    await store.migrate()
    const owner = await given.client()
    await owner.query('begin')
    await owner.query(`lock table ${given.schema}.jobs in access exclusive mode`)
    const job = newJob()
    const pushId = { producer: 'web-1', seq: 1 }

    const push = store.push([job], { pushId, fresh: true })

    await expect(push).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })
    await owner.query('commit')
    await untilAnswered(() => store.push([job], { pushId, fresh: true }))
    expect(given.look.all(`select id from ${given.schema}.jobs`)).toHaveLength(1)
  })

  test('for a connection, behind many others, do not keep a worker from its heartbeat and its outcomes', async () => {
    await using given = await givenSchema()
    const store = await given.store({ timeoutMs: 2_000 })
    await store.migrate()
    await store.push([newJob()])
    const worker = await startWorker(store)
    const job = await worker.reserveOne()
    const owner = await given.client()
    await owner.query('begin')
    await owner.query(`lock table ${given.schema}.failed_jobs in access exclusive mode`)
    const crowd = Array.from({ length: 20 }, () => store.countFailed().catch((error: unknown) => error))

    expect((await worker.beat([job])).lost).toBe(false)
    expect((await worker.complete(job)).applied).toEqual([job.id])

    await owner.query('rollback')
    await Promise.all(crowd)
  })
})

describe('a pool of the application', () => {
  test('is used as it is, not closed, and its errors end nothing', async () => {
    await using given = await givenSchema()
    const pool = new pg.Pool({ connectionString: given.url, max: 4, application_name: given.schema })
    const store = postgresStore({ pool, schema: given.schema })
    await store.open()
    await store.migrate()
    await store.push([newJob()])
    const worker = await startWorker(store)
    given.look.all('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [given.schema])

    expect(await untilAnswered(() => worker.reserve())).toHaveLength(1)
    await store.close()

    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  test('is refused as a transaction; so is a client without one', async () => {
    await using given = await givenSchema()
    const pool = new pg.Pool({ connectionString: given.url, max: 1 })
    const store = await given.store()
    await store.migrate()
    const client = await given.client()

    for (const tx of [pool, client, {}, 'tx']) {
      await expect(store.push([newJob()], { tx })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    }

    expect(await store.counts()).toEqual([])
    await pool.end()
  })
})

test('a server whose sessions are serializable serves workers all the same', async () => {
  await using given = await givenSchema()
  const url = `${given.url}?options=${encodeURIComponent('-c default_transaction_isolation=serializable')}`
  const stores = [await given.store({ url }), await given.store({ url }), await given.store({ url })]
  await stores[0]!.migrate()
  await stores[0]!.push(newJobs(60))

  const done = await Promise.all(
    stores.map(async (store) => {
      const worker = await startWorker(store)
      let count = 0
      for (;;) {
        const jobs = await worker.reserve({ limit: 4 })
        if (jobs.length === 0) return count
        count += (await worker.complete(...jobs)).applied.length
      }
    }),
  )

  expect(done.reduce((sum, count) => sum + count)).toBe(60)
  expect((await stores[0]!.diagnose()).filter(({ topic }) => topic === 'isolation')).toMatchObject([
    { level: 'warning' },
  ])
})
