import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isFaenaError } from '../../src/core/errors.ts'
import type { PushId, Store } from '../../src/store.ts'
import { idleGuard } from '../../src/stores/mysql/session.ts'
import { mysqlStore } from '../../src/stores/mysql/store.ts'
import { failure, newJob, newJobs } from '../support/jobs.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'
import { type MariadbServer, startMariadb } from '../support/servers/mariadb.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'
import { ended, startWorker } from '../support/worker.ts'

/** How a packet of statements ends that commits. */
const COMMIT = ';\ncommit'

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

/** The database, and a store that reaches it by way of a proxy. */
async function byProxy(timeoutMs = 5_000) {
  const database = await testDatabase()
  const { hostname, port } = new URL(database.url)
  const proxy = await tcpProxy({ host: hostname, port: Number(port) })
  const store = await database.store({ url: database.url.replace(`:${port}/`, `:${proxy.port}/`), timeoutMs })
  await store.migrate()
  return {
    database,
    proxy,
    store,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

describe('an answer that was lost after the commit', () => {
  test.each([
    ['of plain jobs', () => newJobs(3)],
    ['of jobs with keys', () => newJobs(3, (at) => ({ unique: { key: `case:${at}` } }))],
  ])('leaves a push %s in doubt; the same push again stores nothing twice', async (_, jobsOf) => {
    await using given = await byProxy()
    const jobs = jobsOf()
    const pushId = { producer: 'web-1', seq: 1 }
    given.proxy.cutAfter(COMMIT)

    await expect(given.store.push(jobs, { pushId, fresh: true })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      inDoubt: true,
    })
    const again = await given.store.push(jobs, { pushId, fresh: true })

    expect(again.map(({ outcome, uuid }) => [outcome, uuid])).toEqual(jobs.map(({ uuid }) => ['dispatched', uuid]))
    expect(await given.database.rows('select id from jobs order by id')).toEqual(again.map(({ id }) => ({ id })))
  })

  test.each(['completed', 'failed'] as const)(
    'leaves a settlement in doubt, and its repetition finds it (%s)',
    async (kind) => {
      await using given = await byProxy()
      const { store } = given
      await store.push(newJobs(3))
      const worker = await startWorker(store)
      const jobs = await worker.reserve()
      const outcomes = jobs.map((job) => ended(job, kind === 'failed' ? { kind, failure: failure(job) } : { kind }))
      given.proxy.cutAfter(COMMIT)

      await expect(store.settle({ worker: worker.id, seq: 1, outcomes })).rejects.toMatchObject({ inDoubt: true })
      const settled = await store.settle({ worker: worker.id, seq: 1, outcomes })

      expect(settled).toEqual({ applied: jobs.map(({ id }) => id), lost: [], refused: [] })
      expect(await store.countFailed()).toBe(kind === 'failed' ? 3 : 0)
    },
  )

  test('of a reservation leaves the jobs with the worker, which gives them back when it ends', async () => {
    await using given = await byProxy()
    const { store } = given
    await store.push(newJobs(3))
    const worker = await startWorker(store)
    given.proxy.cutAfter(COMMIT)

    await expect(worker.reserve()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })

    expect(await store.deregister(worker.id)).toBe(3)
    expect(await (await startWorker(store)).reserve()).toHaveLength(3)
  })

  test('before the commit was sent leaves no doubt', async () => {
    await using given = await byProxy()
    const worker = await startWorker(given.store)
    await given.store.push([newJob()])
    given.proxy.cutAfter('for update skip locked')

    await expect(worker.reserve()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })
  })
})

describe('a server that says nothing', () => {
  test('is given up after the time a call may take, and its connection with it', async () => {
    await using given = await byProxy(500)
    const worker = await startWorker(given.store)
    await given.store.push([newJob()])
    given.proxy.silence()
    const started = performance.now()

    await expect(given.store.push([newJob()], { fresh: true })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      inDoubt: true,
    })
    await expect(worker.beat()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    expect(performance.now() - started).toBeLessThan(3_000)
    given.proxy.cut()
    expect((await untilAnswered(() => worker.beat())).lost).toBe(false)
  })
})

describe('a transaction on a connection that fell silent', () => {
  test('is undone by the server, and others get what it had locked', async () => {
    await using given = await byProxy(2_000)
    const { database, proxy, store } = given
    await store.push(newJobs(3))
    const silenced = await startWorker(store)
    const other = await startWorker(await database.store())
    proxy.silenceAfter('for update skip locked')

    await expect(silenced.reserve()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    const taken = new Set<number>()
    const deadline = performance.now() + 15_000
    while (taken.size < 3 && performance.now() < deadline) for (const { id } of await other.reserve()) taken.add(id)
    expect(taken.size).toBe(3)
  })

  test('is undone on MySQL too, which is told so around each transaction', async () => {
    await using database = await testDatabase()
    await (await database.store()).migrate()
    const [usual] = await database.rows<{ seconds: number }>('select @@wait_timeout as seconds')
    const { begin, end } = idleGuard('8.0.36', 1_000, usual!.seconds)
    const [silenced, careful] = [await database.connect(), await database.connect()]
    const lock = 'select * from faena_queues where name = 1 for update'
    await database.rows(`insert into faena_queues (name) values ('1')`)

    for (const statement of [...begin, 'start transaction', lock]) await silenced.query(statement)
    for (const statement of [...begin, 'start transaction', 'commit', ...end]) await careful.query(statement)
    await database.rows(lock)

    await expect(silenced.query('commit')).rejects.toThrow()
    const [after] = (await careful.query('select @@wait_timeout as seconds')) as unknown as [{ seconds: number }[]]
    expect(after).toEqual([usual])
  })
})

describe('connections that are killed again and again', () => {
  test('neither lose nor double a push, nor end a job twice', { timeout: 60_000 }, async () => {
    await using database = await testDatabase()
    const stores = [await database.store(), await database.store()]
    await stores[0]!.migrate()
    const first = killing(database)
    const pushing = stores.map(async (store, at) => {
      for (let seq = 1; seq <= 60; seq += 1) {
        const pushId: PushId = { producer: `web-${at}`, seq }
        const job = newJob({ input: at * 1_000 + seq })
        await untilAnswered(() => store.push([job], { pushId, fresh: true }))
      }
    })
    await Promise.all(pushing)
    await first.end()
    expect(await stores[0]!.counts()).toEqual([{ queue: 'default', due: 120, delayed: 0, reserved: 0 }])

    const second = killing(database)
    const applied: number[] = []
    await Promise.all(stores.map((store) => drained(store, applied)))
    await second.end()

    expect(new Set(applied).size).toBe(applied.length)
    expect(applied).toHaveLength(120)
    expect(await untilAnswered(() => stores[0]!.counts())).toEqual([])
  })

  function killing(database: TestDatabase) {
    let over = false
    const run = (async () => {
      const own = database.connection.threadId
      while (!over) {
        const sessions = await database.rows<{ id: number }>(
          'select id as id from information_schema.processlist where db = ? and id <> ?',
          [database.name, own],
        )
        for (const { id } of sessions) await database.connection.query(`kill ${id}`).catch(() => {})
        await delay(20 + 40 * Math.random())
      }
    })()
    return {
      end: async () => {
        over = true
        await run
      },
    }
  }

  /** A reserve whose answer was lost holds jobs that its worker knows nothing of: it ends there and gives them back. */
  async function drained(store: Store, applied: number[]): Promise<void> {
    for (;;) {
      const worker = await untilAnswered(() => startWorker(store))
      let seq = 0
      for (;;) {
        const jobs = await worker.reserve({ limit: 5 }).catch(() => undefined)
        if (jobs === undefined || jobs.length === 0) break
        seq += 1
        const outcomes = jobs.map((job) => ({ ...ended(job, { kind: 'completed' }), unique: false }))
        const settlement = { worker: worker.id, seq, outcomes }
        applied.push(...(await untilAnswered(() => store.settle(settlement))).applied)
      }
      await untilAnswered(() => store.deregister(worker.id))
      if ((await untilAnswered(() => store.counts())).length === 0) return
    }
  }
})

describe('calls that have to wait', () => {
  test('for a connection, behind many others, do not keep a worker from its heartbeat and its outcomes', async () => {
    await using database = await testDatabase()
    const store = await database.store({ timeoutMs: 2_000 })
    await store.migrate()
    await store.push([newJob()])
    const worker = await startWorker(store)
    const job = await worker.reserveOne()
    const owner = await database.connect()
    await owner.query('lock tables failed_jobs write')
    const crowd = Array.from({ length: 20 }, () => store.countFailed().catch((error: unknown) => error))

    expect((await worker.beat([job])).lost).toBe(false)
    expect((await worker.complete(job)).applied).toEqual([job.id])

    await owner.query('unlock tables')
    await Promise.all(crowd)
  })

  test('behind a locked row end in time, and nothing is stored', async () => {
    await using database = await testDatabase()
    // The server waits for locks in whole seconds: with less, it might still wait when the caller has gone.
    const store = await database.store({ timeoutMs: 2_000 })
    await store.migrate()
    const [pushed] = await store.push([newJob()])
    const owner = await database.connect()
    await owner.beginTransaction()
    await owner.query('select * from jobs where id = ? for update', [pushed?.id])

    await expect(store.remove({}, { limit: 10, upTo: 1_000 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await owner.rollback()

    expect((await store.remove({}, { limit: 10, upTo: 1_000 })).changed).toBe(1)
  })
})

test('a deadlock with somebody else is tried again, and nobody hears of it', async () => {
  await using database = await testDatabase()
  const store = await database.store()
  await store.migrate()
  const pushed = await store.push(newJobs(2))
  const [first, second] = pushed.map(({ id }) => id as number)
  const other = await database.connect()
  // Its changes make the other transaction the heavier one, so that ours is the one the server gives up.
  await other.query('create table heavy (id int primary key)')
  await other.beginTransaction()
  await other.query('insert into heavy select seq from seq_1_to_1000')
  await other.query('select id from jobs where id = ? for update', [second])

  const removing = store.remove({}, { limit: 10, upTo: 1_000 })
  const waiting = async () => database.rows(`select 1 from information_schema.innodb_trx where trx_state = 'LOCK WAIT'`)
  // The server renews this table only for those who do not ask all the time.
  while ((await waiting()).length === 0) await delay(150)
  await other.query('select id from jobs where id = ? for update', [first])
  await other.commit()

  expect((await removing).changed).toBe(2)
})

describe('a server that is gone', () => {
  let server: MariadbServer
  let store: Store

  beforeAll(async () => {
    server = await startMariadb()
    const url = server.url.replace(/\/mysql$/, '/test_outage')
    const first = mysqlStore({ url: server.url, timeoutMs: 2_000 })
    await first.open()
    await first.close()
    const { createConnection } = await import('mysql2/promise')
    const connection = await createConnection(server.url)
    await connection.query('create database test_outage')
    await connection.end()
    store = mysqlStore({ url, timeoutMs: 2_000 })
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
    await store.push(newJobs(100))
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
    await expect(mysqlStore({ url: server.url }).open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    await server.restart()
    expect(await untilAnswered(() => store.counts())).toEqual([{ queue: 'default', due: 90, delayed: 0, reserved: 10 }])
    expect((await worker.complete(...held)).applied).toHaveLength(10)
  })
})

test('a wrong password, and a database that is not there, are told as such', async () => {
  await using database = await testDatabase()
  const wrong = new URL(database.url)
  wrong.username = 'nobody'
  wrong.password = 'secret'

  const refused = mysqlStore({ url: wrong.href }).open()

  await expect(refused).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: /Access denied/ })
  await expect(refused).rejects.not.toThrow(/secret/)
  await expect(mysqlStore({ url: `${database.url}x` }).open()).rejects.toMatchObject({ message: /Unknown database/ })
})
