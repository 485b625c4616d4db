import { describe, expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import { handle } from '../../src/core/handler.ts'
import type { NewRun } from '../../src/store.ts'
import { testFolder } from '../sqlite/support.ts'
import { inputOf, newJob, newJobs, uuidOf } from '../support/jobs.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { ended, startWorker } from '../support/worker.ts'
import { aJob } from '../worker/jobs.ts'
import { listenTo, makeWorker, nth } from '../worker/support.ts'
import { openDrizzle, openNestedDrizzle } from './drizzle.ts'
import { openKnex } from './knex.ts'
import { openControlledKysely, openKysely } from './kysely.ts'
import type { DatabaseKind, Given, OpenLibrary } from './library.ts'
import { openTypeorm, openTypeormRunner } from './typeorm.ts'

const LIBRARIES: { name: string; on: DatabaseKind; open: OpenLibrary }[] = [
  { name: 'Kysely', on: 'postgres', open: openKysely },
  { name: 'Kysely, by hand', on: 'postgres', open: openControlledKysely },
  { name: 'Knex', on: 'postgres', open: openKnex },
  { name: 'Drizzle', on: 'postgres', open: openDrizzle },
  { name: 'TypeORM, EntityManager', on: 'postgres', open: openTypeorm },
  { name: 'TypeORM, QueryRunner', on: 'postgres', open: openTypeormRunner },
  { name: 'Kysely', on: 'mysql', open: openKysely },
  { name: 'Kysely, by hand', on: 'mysql', open: openControlledKysely },
  { name: 'Knex', on: 'mysql', open: openKnex },
  { name: 'Drizzle', on: 'mysql', open: openDrizzle },
  { name: 'Drizzle, nested', on: 'mysql', open: openNestedDrizzle },
  { name: 'TypeORM, EntityManager', on: 'mysql', open: openTypeorm },
  { name: 'TypeORM, QueryRunner', on: 'mysql', open: openTypeormRunner },
  { name: 'Knex', on: 'sqlite', open: openKnex },
  { name: 'TypeORM, EntityManager', on: 'sqlite', open: openTypeorm },
  { name: 'TypeORM, QueryRunner', on: 'sqlite', open: openTypeormRunner },
]

/** What placeholders, names and quotes of the libraries' own might take for theirs. */
const ODD = `what? ?? :id :: $1 @p0 quotes ' " \` and \\ \\' -- /* {} 🦤 ñ \u0000 %s ;`
const KEY = ODD.replace('\u0000', '')

describe.each(LIBRARIES)('a transaction of $name on $on', ({ on, open }) => {
  async function given() {
    const database = await DATABASES[on]()
    const library = await open(database.place)
    return {
      ...database,
      library,
      [Symbol.asyncDispose]: async () => {
        await library.close()
        await database[Symbol.asyncDispose]()
      },
    }
  }

  test('stores jobs with the application’s own rows', async () => {
    await using here = await given()
    const { store, library } = here
    const odd = newJob({ input: ODD, unique: { key: KEY } })
    const many = newJobs(120)
    const seen: unknown[] = []

    await library.transaction(async (tx, insert) => {
      await insert(7)
      seen.push(await store.push([odd, newJob({ unique: { key: KEY } })], { tx }))
      seen.push((await store.push(many, { tx })).map(({ uuid }) => uuid))
      seen.push(await store.counts())
    })

    const stored = await store.get(odd.uuid)
    expect(inputOf(stored!)).toBe(ODD)
    expect(seen).toEqual([
      [
        { outcome: 'dispatched', uuid: odd.uuid, id: stored?.id },
        { outcome: 'skipped', uuid: odd.uuid, id: stored?.id },
      ],
      many.map(({ uuid }) => uuid),
      [],
    ])
    expect(await here.cases()).toEqual([7])
    expect(await store.counts()).toMatchObject([{ due: 121 }])
  })

  test('that is rolled back takes its jobs with it', async () => {
    await using here = await given()
    const { store, library } = here

    const rolledBack = library.transaction(async (tx, insert) => {
      await insert(7)
      await store.push([newJob({ unique: { key: 'case:1' } })], { tx })
      throw new Error('no funds')
    })

    await expect(rolledBack).rejects.toThrow('no funds')
    expect(await here.cases()).toEqual([])
    expect(await store.counts()).toEqual([])
    expect(await store.push([newJob({ unique: { key: 'case:1' } })])).toMatchObject([{ outcome: 'dispatched' }])
  })

  test('replaces the job that holds a unique key', async () => {
    await using here = await given()
    const { store, library } = here
    const [holder] = await store.push([newJob({ unique: { key: 'case:1' } })])

    await library.transaction(async (tx) => {
      const replacing = newJob({ input: { caseId: 2 }, unique: { key: 'case:1', onTaken: 'replace' } })
      expect(await store.push([replacing], { tx })).toEqual([{ ...holder, outcome: 'replaced' }])
    })

    expect(inputOf((await store.get(holder!.uuid))!)).toEqual({ caseId: 2 })
  })

  test('refuses a uuid that is stored already, and goes on', async () => {
    await using here = await given()
    const { store, library } = here
    const known = newJob()
    await store.push([known])

    await library.transaction(async (tx, insert) => {
      await expect(store.push([newJob(), known], { tx })).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
      await insert(7)
    })

    expect(await here.cases()).toEqual([7])
    expect(await store.counts()).toMatchObject([{ due: 1 }])
  })

  test('ends a job together with its run, or not at all where the job is not the worker’s any more', async () => {
    await using here = await given()
    const { store, library } = here
    await store.push([newJob(), newJob({ unique: { key: 'case:1' } })])
    const worker = await startWorker(store)
    const [first, second] = await worker.reserve()
    const run = runOf(worker.id, uuidOf(second!))

    await library.transaction(async (tx, insert) => {
      await insert(7)
      const outcomes = [
        { ...ended(second!, { kind: 'completed' }), run },
        ended({ ...first!, attempts: 2 }, { kind: 'completed' }),
      ]
      expect(await worker.settle(outcomes, { tx })).toEqual({ applied: [second!.id], lost: [first!.id], refused: [] })
    })

    expect(await store.get(second!.id)).toBeUndefined()
    expect((await store.runs({ uuid: uuidOf(second!) }, { limit: 2 })).rows).toMatchObject([{ result: `{"odd":"?"}` }])
    expect(await store.fate({ worker: worker.id, id: second!.id, attempts: 1, uuid: uuidOf(second!) })).toBe(
      'committed',
    )
    expect((await worker.complete(first!)).applied).toEqual([first!.id])
    expect(await store.push([newJob({ unique: { key: 'case:1' } })])).toMatchObject([{ outcome: 'dispatched' }])
  })

  test('is where a handler completes its job', async () => {
    await using here = await given()
    const { store, library } = here
    const queue = createQueue({ store })
    const job = aJob()
    let attempts = 0
    const worker = makeWorker(store, [
      handle(job, async ({ complete }) => {
        await library.transaction(async (tx, insert) => {
          await insert(++attempts)
          await complete(tx)
          if (attempts === 1) throw new Error('no funds')
        })
      }),
    ])
    const told = listenTo(worker, 'completed', 'retrying', 'failed', 'lost')
    const completed = nth(worker, 'completed', 1)

    await queue.dispatch(job, {})
    await worker.start()
    await completed
    await worker.stop()

    expect(told.map(({ name }) => name)).toEqual(['retrying', 'completed'])
    expect(await here.cases()).toEqual([2])
    expect(await store.counts()).toEqual([])
  })

  test('is told from what commits each statement by itself', async () => {
    await using here = await given()
    const { store, library } = here

    await expect(store.push([newJob()], { tx: library.whole })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })

    expect(await store.counts()).toEqual([])
  })

  test('is refused once it is over', async () => {
    await using here = await given()
    const { store, library } = here
    let over: unknown
    await library.transaction(async (tx) => {
      over = tx
    })

    await expect(store.push([newJob()], { tx: over })).rejects.toThrow()

    expect(await store.counts()).toEqual([])
  })
})

const DATABASES: Record<DatabaseKind, () => Promise<Given>> = {
  async postgres() {
    const schema = await givenSchema('create table {}.cases (id integer primary key)')
    const store = await schema.store({ timeoutMs: 20_000 })
    await store.migrate()
    const table = `${schema.schema}.cases`
    return {
      place: { kind: 'postgres', url: schema.url, table },
      store,
      cases: async () => schema.look.all<{ id: number }>(`select id from ${table} order by id`).map(({ id }) => id),
      [Symbol.asyncDispose]: () => schema[Symbol.asyncDispose](),
    }
  },
  async mysql() {
    const database = await testDatabase()
    const store = await database.store()
    await store.migrate()
    await database.rows('create table cases (id integer primary key)')
    return {
      place: { kind: 'mysql', url: database.url, table: 'cases' },
      store,
      cases: async () => (await database.rows<{ id: number }>('select id from cases order by id')).map(({ id }) => id),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  },
  async sqlite() {
    const folder = await testFolder()
    const store = await folder.opened()
    const database = folder.database()
    database.exec('create table cases (id integer primary key)')
    return {
      place: { kind: 'sqlite', url: folder.file, table: 'cases' },
      store,
      cases: async () =>
        database
          .prepare('select id from cases order by id')
          .all()
          .map(({ id }) => Number(id)),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    }
  },
}

function runOf(worker: number, uuid: string): NewRun {
  const run = { uuid, name: 'cases.fetch', queue: 'default', attempt: 1, worker, startedAt: 1, endedAt: 2 }
  const texts = { headline: null, progress: null, note: null, log: ['what?'], result: '{"odd":"?"}' }
  return { ...run, ...texts, outcome: 'completed', keepUntil: null }
}
