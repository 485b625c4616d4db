import { Kysely, SqliteDialect } from 'kysely'
import { expect, test } from 'vitest'
import { testFolder } from '../sqlite/support.ts'
import { newJob } from '../support/jobs.ts'
import { BetterForm } from './better-form.ts'

/** As Prisma does on every database, Kysely keeps its connection to itself, and SQLite is not asked by way of promises. */
test('a transaction of Kysely on SQLite is joined by the database it was made with, and says so', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const database = new BetterForm(folder.file)
  const db = new Kysely<{ cases: { id: number } }>({ dialect: new SqliteDialect({ database }) })
  await db.schema.createTable('cases').addColumn('id', 'integer').execute()

  await db.transaction().execute(async (trx) => {
    await trx.insertInto('cases').values({ id: 7 }).execute()
    await expect(store.push([newJob()], { tx: trx })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('DatabaseSync or Database'),
    })
    expect(await store.push([newJob()], { tx: database })).toMatchObject([{ outcome: 'dispatched' }])
    expect(await store.counts()).toEqual([])
  })

  expect(await db.selectFrom('cases').select('id').execute()).toEqual([{ id: 7 }])
  expect(await store.counts()).toMatchObject([{ due: 1 }])
  await db.destroy()
})
