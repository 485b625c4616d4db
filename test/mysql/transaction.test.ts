import mysql from 'mysql2'
import { describe, expect, test } from 'vitest'
import { inputOf, newJob } from '../support/jobs.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { ended, startWorker } from '../support/worker.ts'

/** Input that no way of quoting leaves as it is. */
const ODD = `quotes ' " \` and \\ and \\' or 1=1 -- and ñandú 🦤 and \u0000 and \n%_;`

async function migrated() {
  const database = await testDatabase()
  const store = await database.store()
  await store.migrate()
  return { database, store }
}

describe('a dispatch in the application’s transaction', () => {
  test('takes a connection of mysql2 with callbacks', async () => {
    const { database, store } = await migrated()
    await using _ = database
    const connection = mysql.createConnection(database.url)
    await connection.promise().beginTransaction()

    const [pushed] = await store.push([newJob()], { tx: connection })
    expect(await store.counts()).toEqual([])
    await connection.promise().commit()

    expect((await store.get(pushed!.uuid))?.id).toBe(pushed?.id)
    connection.destroy()
  })

  test('takes a connection of a pool', async () => {
    const { database, store } = await migrated()
    await using _ = database
    const pool = mysql.createPool(database.url)
    const connection = await pool.promise().getConnection()
    await connection.beginTransaction()

    await store.push([newJob()], { tx: connection })
    await connection.rollback()

    expect(await store.counts()).toEqual([])
    await pool.promise().end()
  })

  test.each([
    ['NO_BACKSLASH_ESCAPES', { flags: [] }, `set sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'`],
    ['latin1', { charset: 'latin1' }, 'do 0'],
    [
      'rows as arrays',
      { rowsAsArray: true, nestTables: true, bigNumberStrings: true, supportBigNumbers: true },
      'do 0',
    ],
  ])('stores what was given, however the connection is set up: %s', async (_name, options, setting) => {
    const { database, store } = await migrated()
    await using _ = database
    const tx = await database.connect(options)
    await tx.query(setting)
    await tx.beginTransaction()
    const job = newJob({ input: ODD, queue: `o'dd`, unique: { key: ODD } })

    const [first, second] = await store.push([job, newJob({ unique: { key: ODD } })], { tx })
    await tx.commit()

    expect([first?.outcome, second?.outcome]).toEqual(['dispatched', 'skipped'])
    const stored = await store.get(job.uuid)
    expect(stored).toMatchObject({ id: first?.id, payload: job.payload, queue: `o'dd` })
    expect(inputOf(stored!)).toBe(ODD)
  })

  test('sees a unique key that was taken after its snapshot, as REPEATABLE READ keeps one', async () => {
    const { database, store } = await migrated()
    await using _ = database
    const tx = await database.connect()
    await tx.query('set session transaction isolation level repeatable read')
    await tx.query('start transaction with consistent snapshot')
    const [first] = await store.push([newJob({ unique: { key: 'case:1' } })])

    const [second] = await store.push([newJob({ unique: { key: 'case:1' } })], { tx })
    await tx.commit()

    expect(second).toEqual({ ...first, outcome: 'skipped' })
  })

  test('is refused where it would not be part of one', async () => {
    const { database, store } = await migrated()
    await using _ = database
    const pool = mysql.createPool(database.url)
    const idle = await database.connect()
    const elsewhere = await database.connect()
    await elsewhere.query('create temporary table x (id int)')
    const push = (tx: unknown) => store.push([newJob()], { tx })

    await expect(push(idle)).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /no transaction open/ })
    await expect(push(pool)).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /tx is a pool/ })
    await expect(push(pool.promise())).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /tx is a pool/ })
    await expect(push({ query: 1 })).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /not a MySQL connection/ })

    expect(await store.counts()).toEqual([])
    await pool.promise().end()
  })

  test('counts with autocommit off as well', async () => {
    const { database, store } = await migrated()
    await using _ = database
    const tx = await database.connect()
    await tx.query('set autocommit = 0')

    await store.push([newJob()], { tx })
    await tx.query('rollback')

    expect(await store.counts()).toEqual([])
  })

  test('waits for a key that another transaction holds, and no longer than a call may take', async () => {
    const database = await testDatabase()
    await using _ = database
    const store = await database.store({ timeoutMs: 1_000 })
    await store.migrate()
    const first = await database.connect()
    await first.beginTransaction()
    await store.push([newJob({ unique: { key: 'case:1' } })], { tx: first })

    const push = store.push([newJob({ unique: { key: 'case:1' } })])

    await expect(push).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })
    await first.commit()
    expect(await store.counts()).toHaveLength(1)
  })
})

describe('in the application’s transaction', () => {
  const unique = { key: 'case:1' }

  async function begun() {
    const database = await testDatabase()
    const store = await database.store({ timeoutMs: 1_500 })
    await (await database.store()).migrate()
    const [first, second] = [await database.connect(), await database.connect()]
    await first.beginTransaction()
    await second.beginTransaction()
    return { store, first, second, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
  }

  test('a key that another transaction holds is waited for, and no longer than a call may take', async () => {
    await using here = await begun()
    const { store, first, second } = here
    await store.push([newJob({ unique })], { tx: first })

    const push = store.push([newJob({ unique })], { tx: second })

    await expect(push).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      inDoubt: false,
      message: /for 1 s.*roll back/,
    })
    await second.rollback()
    await first.commit()
    expect(await store.counts()).toMatchObject([{ due: 1 }])
  })

  test('a job that another transaction completes is waited for, and no longer either', async () => {
    await using here = await begun()
    const { store, first, second } = here
    await store.push([newJob()])
    const worker = await startWorker(store)
    const completed = [ended(await worker.reserveOne(), { kind: 'completed' })]
    await worker.settle(completed, { tx: first })

    await expect(worker.settle(completed, { tx: second })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    await second.rollback()
    await first.commit()
    expect(await store.counts()).toEqual([])
  })

  test('the connection’s own lock time-outs are the same before and after, also after an error', async () => {
    await using here = await begun()
    const { store, first } = here
    await first.query('set session innodb_lock_wait_timeout = 33, lock_wait_timeout = 44')
    const known = newJob({ unique })
    const settings = async () =>
      (await first.query('select @@innodb_lock_wait_timeout as r, @@lock_wait_timeout as t'))[0]

    await store.push([known], { tx: first })
    const afterPush = await settings()
    await expect(store.push([known], { tx: first })).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })

    expect([afterPush, await settings()]).toEqual([[{ r: 33, t: 44 }], [{ r: 33, t: 44 }]])
    await first.commit()
  })
})

describe('a completion in the application’s transaction', () => {
  test('ends the job when it commits, together with the application’s own rows', async () => {
    const { database, store } = await migrated()
    await using _ = database
    await database.rows('create table cases (id int primary key)')
    await store.push([newJob()])
    const worker = await startWorker(store)
    const job = await worker.reserveOne()
    const tx = await database.connect()
    await tx.beginTransaction()
    await tx.query('insert into cases values (1)')

    const settled = await worker.settle([ended(job, { kind: 'completed' })], { tx })
    expect((await store.get(job.id))?.status).toBe('reserved')
    await tx.commit()

    expect(settled.applied).toEqual([job.id])
    expect(await store.get(job.id)).toBeUndefined()
  })

  test('of a job that is not the worker’s any more is told, so that the application rolls back', async () => {
    const { database, store } = await migrated()
    await using _ = database
    await store.push([newJob()])
    const worker = await startWorker(store)
    const job = await worker.reserveOne()
    await store.deregister(worker.id)
    const tx = await database.connect()
    await tx.beginTransaction()

    expect(await worker.settle([ended(job, { kind: 'completed' })], { tx })).toMatchObject({
      applied: [],
      lost: [job.id],
    })
    await tx.rollback()
  })

  test('that stays open holds up no heartbeat, where PHP shares the table and jobs are renewed', async () => {
    const database = await testDatabase('laravel-12')
    await using _ = database
    const store = await database.store({ timeoutMs: 1_500 })
    await (await database.store()).migrate()
    await store.push([newJob(), newJob()])
    const worker = await startWorker(store)
    const [held, other] = await worker.reserve()
    await database.rows('update jobs set reserved_at = reserved_at - 60')
    const tx = await database.connect()
    await tx.beginTransaction()
    await worker.settle([ended(held!, { kind: 'completed' })], { tx })

    expect(await worker.beat([held!, other!])).toMatchObject({ lost: false, gone: [] })

    const [renewed] = await database.rows<{ recent: number }>(
      'select reserved_at > unix_timestamp() - 30 as recent from jobs where id = ?',
      [other!.id],
    )
    expect(Number(renewed?.recent)).toBe(1)
    await tx.commit()
  })

  test('that stays open keeps a dead worker’s other jobs from nobody', async () => {
    const { database, store } = await migrated()
    await using _ = database
    await store.push([newJob(), newJob()])
    const worker = await startWorker(store)
    const [held, other] = await worker.reserve()
    const tx = await database.connect()
    await tx.beginTransaction()
    await worker.settle([ended(held!, { kind: 'completed' })], { tx })
    await database.rows('update faena_workers set lease_until = 0')

    expect(await store.reclaim()).toMatchObject({ workers: [], returned: 1 })
    expect((await store.get(other!.id))?.status).toBe('due')
    await tx.commit()
    expect(await store.reclaim()).toMatchObject({ workers: [worker.id], returned: 0 })
    expect(await store.get(held!.id)).toBeUndefined()
  })
})
