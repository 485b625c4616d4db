import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Connection } from '../../src/stores/sqlite/connection.ts'
import { newJob } from '../support/jobs.ts'
import { numberOf, testFolder } from './support.ts'

/** Watches the syncs of this process. `hold` holds up the next one until it is released, to go on or to fail. */
function watchSyncs() {
  const real = fs.fdatasync
  const files: string[] = []
  let held: Promise<NodeJS.ErrnoException | null> = Promise.resolve(null)
  const watched = (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
    files.push(fs.readlinkSync(`/proc/self/fd/${file}`))
    void held.then((error) => (error ? done(error) : real(file, done)))
    held = Promise.resolve(null)
  }
  fs.fdatasync = watched as typeof fs.fdatasync
  syncBuiltinESMExports()
  onTestFinished(() => {
    fs.fdatasync = real
    syncBuiltinESMExports()
  })
  return {
    files,
    hold() {
      const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>()
      held = promise
      return (error: NodeJS.ErrnoException | null = null) => resolve(error)
    },
  }
}

async function open(file: string) {
  const connection = new Connection(file, 1_000)
  await connection.open()
  connection.database.exec('create table notes (text)')
  const note = (durability: 'full' | 'normal') =>
    connection.write(durability, () => connection.run('insert into notes values (1)'))
  return { connection, note }
}

describe.runIf(fs.existsSync('/proc/self/fd'))('a commit that must survive a loss of power', () => {
  test('resolves only once the log file was synced, and one that need not does not sync', async () => {
    await using folder = await testFolder()
    const { connection, note } = await open(folder.file)
    const syncs = watchSyncs()
    const release = syncs.hold()
    let resolved = false

    const noted = note('full').then(() => {
      resolved = true
    })
    await note('normal')
    expect(syncs.files).toEqual([`${folder.file}-wal`])
    expect(resolved).toBe(false)
    expect(numberOf(folder.database(), 'select count(*) from notes')).toBe(2)
    release()
    await noted

    expect(syncs.files.length).toBe(1)
    await connection.close()
  })

  test('shares the next sync with all that were committed while one ran', async () => {
    await using folder = await testFolder()
    const { connection, note } = await open(folder.file)
    const syncs = watchSyncs()
    const release = syncs.hold()

    const first = note('full')
    const others = Promise.all([note('full'), note('full'), note('full')])
    release()
    await first
    await others

    expect(syncs.files.length).toBe(2)
    await connection.close()
  })

  test('is in doubt when the disk fails at the sync', async () => {
    await using folder = await testFolder()
    const { connection, note } = await open(folder.file)
    const release = watchSyncs().hold()

    const noted = note('full')
    release(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))

    await expect(noted).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })
    await note('full')
    await connection.close()
  })

  test('of a push is found again by the same push, which the failed disk left in doubt: nothing is stored twice', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const syncs = watchSyncs()
    const release = syncs.hold()
    const jobs = [newJob(), newJob()]
    const options = { fresh: true, pushId: { producer: 'web', seq: 1 } }

    const pushing = store.push(jobs, options)
    release(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))
    await expect(pushing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })
    const again = await store.push(jobs, options)

    expect(again.map(({ uuid }) => uuid)).toEqual(jobs.map(({ uuid }) => uuid))
    expect(numberOf(folder.database(), 'select count(*) from jobs')).toBe(2)
    // The second answer waited for a sync of its own.
    expect(syncs.files.length).toBe(2)
  })

  test('is waited for when the connection closes', async () => {
    await using folder = await testFolder()
    const { connection, note } = await open(folder.file)
    const release = watchSyncs().hold()
    const noted = note('full')

    const closed = connection.close()
    release()
    await noted
    await closed

    expect(numberOf(folder.database(), 'select count(*) from notes')).toBe(1)
  })
})
