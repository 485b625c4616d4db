import { renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqliteStore } from '../../src/stores/sqlite/store.ts'
import { type JobWish, newJob, newJobs } from '../support/jobs.ts'
import { ended, startWorker } from '../support/worker.ts'
import { numberOf, testFolder } from './support.ts'

const key: JobWish['unique'] = { key: 'cases.fetch:case:1' }

async function committed<T>(tx: DatabaseSync, run: () => Promise<T>): Promise<T> {
  tx.exec('begin immediate')
  const result = await run()
  tx.exec('commit')
  return result
}

describe('the application’s own connection', () => {
  test('commits its rows and our jobs together, many at a time', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const tx = folder.database()
    tx.exec('create table cases (id integer primary key)')

    await committed(tx, () => {
      tx.exec('insert into cases values (7)')
      return store.push(newJobs(120), { tx })
    })

    expect(numberOf(tx, 'select count(*) from cases')).toBe(1)
    expect(await store.counts()).toMatchObject([{ due: 120 }])
  })

  test.each([
    ['whole numbers as BigInt', { readBigInts: true }],
    ['rows as arrays', { returnArrays: true }],
  ])('may be set up to read %s: keys are found taken all the same', async (_, options) => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const tx = folder.database(options)
    const first = newJob({ unique: key })
    const replacing = newJob({ input: { caseId: 2 }, unique: { ...key, onTaken: 'replace' } })

    const pushed = await committed(tx, async () => [
      ...(await store.push([first], { tx })),
      ...(await store.push([replacing], { tx })),
    ])

    expect(pushed).toEqual([
      { outcome: 'dispatched', uuid: first.uuid, id: 1 },
      { outcome: 'replaced', uuid: first.uuid, id: 1 },
    ])
    const worker = await startWorker(store)
    const job = await worker.reserveOne()
    expect(await committed(tx, () => worker.settle([ended(job, { kind: 'completed' })], { tx }))).toMatchObject({
      applied: [1],
    })
  })

  test('may be closed and opened again', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const tx = folder.database()
    await committed(tx, () => store.push([newJob()], { tx }))
    tx.close()
    tx.open()

    await committed(tx, () => store.push([newJob()], { tx }))

    expect(numberOf(tx, 'select count(*) from jobs')).toBe(2)
  })

  test('may reach the file by another name', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    symlinkSync(folder.file, join(folder.path, 'link.db'))
    const tx = folder.database({}, join(folder.path, 'link.db'))

    expect(await committed(tx, () => store.push([newJob()], { tx }))).toMatchObject([{ outcome: 'dispatched' }])
  })

  test('is refused where it is one to another file, even one with the same tables: no worker would look there', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const path = join(folder.path, 'other.db')
    await folder.opened({ path })

    for (const tx of [folder.database({}, path), folder.database({}, ':memory:')]) {
      tx.exec('begin')
      await expect(store.push([newJob()], { tx })).rejects.toMatchObject({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(folder.file),
      })
      tx.exec('commit')
    }
    expect(numberOf(folder.database({}, path), 'select count(*) from jobs')).toBe(0)
  })

  test('is refused where it has no transaction open, or the store is in memory', async () => {
    await using folder = await testFolder()
    const tx = folder.database()
    const store = await folder.opened()
    await expect(store.push([newJob()], { tx })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })

    tx.exec('begin')
    const inMemory = sqliteStore({ path: ':memory:' })
    await inMemory.open()
    await expect(inMemory.push([newJob()], { tx })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await inMemory.close()
  })

  test('is refused once its file was replaced under the store', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const tx = folder.database()
    await committed(tx, () => store.push([newJob()], { tx }))
    renameSync(folder.file, `${folder.file}.old`)
    writeFileSync(folder.file, '')
    tx.exec('begin')

    await expect(store.push([newJob()], { tx })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

describe('the caller’s transaction and other writers', () => {
  test('one that cannot write now says so at once, as its connection is set up to, and how to wait', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const [tx, other] = [folder.database(), folder.database()]
    tx.exec('begin')
    other.exec('begin immediate')

    await expect(store.push([newJob()], { tx })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      inDoubt: false,
      message: expect.stringContaining('begin immediate'),
    })

    other.exec('rollback')
    expect(await store.push([newJob()], { tx })).toMatchObject([{ outcome: 'dispatched' }])
    tx.exec('commit')
  })

  test('one that has read what is old by now can never write: it is told to begin anew', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const tx = folder.database({ timeout: 5_000 })
    tx.exec('begin')
    tx.prepare('select count(*) from jobs').get()
    await store.push([newJob()])

    await expect(store.push([newJob()], { tx })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    tx.exec('rollback')
    expect(await store.counts()).toMatchObject([{ due: 1 }])
  })
})

describe('an error in the caller’s transaction', () => {
  test('leaves nothing of a push behind, and the rest of the transaction as it is', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const tx = folder.database()
    const broken = { ...newJob(), payload: null as unknown as string }

    tx.exec('begin immediate')
    await store.push([newJob()], { tx })
    await expect(store.push([newJob({ unique: key }), ...newJobs(60), broken], { tx })).rejects.toThrow()
    tx.exec('commit')

    expect(numberOf(tx, 'select count(*) from jobs')).toBe(1)
    expect(numberOf(tx, 'select count(*) from faena_locks')).toBe(0)
  })

  test('leaves nothing of a settle behind', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push(newJobs(2))
    const worker = await startWorker(store)
    const [first, second] = await worker.reserve()
    const tx = folder.database()
    const broken = { kind: 'retry' as const, delayMs: Number.POSITIVE_INFINITY }

    tx.exec('begin immediate')
    const outcomes = [ended(first!, { kind: 'completed' }), ended(second!, broken)]
    await expect(worker.settle(outcomes, { tx })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    tx.exec('commit')

    expect((await worker.complete(first!, second!)).applied).toEqual([first!.id, second!.id])
  })
})
