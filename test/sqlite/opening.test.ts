import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Connection } from '../../src/stores/sqlite/connection.ts'
import { sqliteStore } from '../../src/stores/sqlite/store.ts'
import { newJob } from '../support/jobs.ts'
import { numberOf, testFolder, turn } from './support.ts'

describe('opening a SQLite file', () => {
  test('waits while another process has the file to itself, as it does when it makes it', async () => {
    await using folder = await testFolder()
    const other = folder.database()
    other.exec('create table made_by_another (id integer); begin exclusive')

    const opening = folder.opened()
    await turn()
    other.exec('commit')

    await expect((await opening).counts()).resolves.toEqual([])
  })

  test('by several callers at once is done once, and none gets ahead of the migrations', async () => {
    await using folder = await testFolder()
    const store = folder.store()
    const other = folder.database()
    other.exec('pragma journal_mode = wal; begin immediate')

    const first = store.open()
    await turn()
    const pushed = store.open().then(() => store.push([newJob()]))
    await turn()
    other.exec('commit')

    expect(await pushed).toMatchObject([{ outcome: 'dispatched' }])
    await first
  })

  test('by a Faena that is older than the tables fails, again and again', async () => {
    await using folder = await testFolder()
    await (await folder.opened()).close()
    folder.database().exec(`insert into faena_migrations values (1000, 'of the future', 0)`)
    const store = folder.store()

    await expect(store.open()).rejects.toMatchObject({ code: 'MIGRATION_NEEDED' })
    await expect(store.push([newJob()])).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    await expect(store.open()).rejects.toMatchObject({ code: 'MIGRATION_NEEDED' })
  })

  test('says which file cannot be used: a folder, a file of something else, a file where a folder should be', async () => {
    await using folder = await testFolder()
    const other = join(folder.path, 'notes.txt')
    writeFileSync(other, 'nothing but text, and more of it than the header of a database has. '.repeat(10))

    for (const path of [folder.path, other, join(other, 'faena.db')]) {
      const opening = folder.store({ path }).open()
      await expect(opening).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(path) })
    }
  })

  test('refuses the names that SQLite takes for a file of its own that nobody finds again', async () => {
    await using folder = await testFolder()

    expect(() => sqliteStore({ path: '' })).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
    expect(new Connection('file:jobs.db?mode=memory', 0).path).toBe(join(process.cwd(), 'file:jobs.db?mode=memory'))
    expect(existsSync(folder.file)).toBe(false)
  })

  test('takes a path as it stands, whatever signs are in it', async () => {
    await using folder = await testFolder()
    const path = join(folder.path, 'a b %20 100% ñ 日本 ?x=1#y', "o'clock.db")
    const store = await folder.opened({ path })

    await store.push([newJob()])

    expect(numberOf(folder.database({}, path), 'select count(*) from jobs')).toBe(1)
  })

  test('makes the folders on the way', async () => {
    await using folder = await testFolder()
    const path = join(folder.path, 'var', 'lib', 'faena.db')

    await folder.opened({ path })

    expect(existsSync(path)).toBe(true)
  })
})

describe('a file that is not there any more', () => {
  test('takes nothing: a job in a deleted file would be found by nobody', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob()])

    for (const end of ['', '-wal', '-shm']) rmSync(folder.file + end)

    await expect(store.push([newJob()])).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('was deleted'),
    })
  })

  test('nor in one that was replaced, until it is put back', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    renameSync(folder.file, `${folder.file}.kept`)
    writeFileSync(folder.file, '')

    await expect(store.push([newJob()])).rejects.toMatchObject({ message: expect.stringContaining('replaced') })
    renameSync(`${folder.file}.kept`, folder.file)

    expect(await store.push([newJob()])).toMatchObject([{ outcome: 'dispatched' }])
  })
})

describe('a store in memory', () => {
  test('does all that one in a file does, and leaves no file', async () => {
    await using folder = await testFolder()
    const store = await folder.opened({ path: ':memory:' })
    const job = newJob()

    await store.push([job])

    expect(await store.get(job.uuid)).toMatchObject({ payload: job.payload })
    expect(await store.counts()).toEqual([{ queue: 'default', due: 1, delayed: 0, reserved: 0 }])
    expect(existsSync(':memory:')).toBe(false)
  })
})

describe('a look at what a migration would do', () => {
  test('makes no file, and no folder', async () => {
    await using folder = await testFolder()
    const path = join(folder.path, 'new', 'faena.db')
    const store = await folder.opened({ path, migrate: false })

    const { from, to, steps } = await store.migrate({ dryRun: true })

    expect({ from, steps: steps.length }).toEqual({ from: 0, steps: to })
    expect(steps[0]?.sql.join()).toContain('create table if not exists jobs')
    expect(existsSync(join(folder.path, 'new'))).toBe(false)
  })

  test('may be followed by the migration itself', async () => {
    await using folder = await testFolder()
    const store = await folder.opened({ migrate: false })
    const { steps } = await store.migrate({ dryRun: true })

    expect((await store.migrate()).steps.map(({ name }) => name)).toEqual(steps.map(({ name }) => name))
    expect(await store.push([newJob()])).toMatchObject([{ outcome: 'dispatched' }])
  })

  test('of a file that is there leaves it as it is', async () => {
    await using folder = await testFolder()
    const other = folder.database()
    other.exec('create table cases (id integer)')
    const store = await folder.opened({ migrate: false })

    await store.migrate({ dryRun: true })

    expect(numberOf(other, 'select count(*) from sqlite_schema')).toBe(1)
  })

  test('is closed like any other', async () => {
    await using folder = await testFolder()
    mkdirSync(join(folder.path, 'empty'))
    const store = await folder.opened({ migrate: false })
    await store.close()

    await expect(store.migrate()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })
})
