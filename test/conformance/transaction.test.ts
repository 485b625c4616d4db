import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended } from '../support/worker.ts'

eachStore('the caller’s transaction', (open) => {
  /** The case runs on stores that have transactions; the others must say that they have none. */
  function inTransaction(title: string, run: (given: Given & Required<Pick<Given, 'begin'>>) => Promise<void>): void {
    test(title, async () => {
      await using given = await open()
      const { begin } = given
      if (begin) return await run({ ...given, begin })
      const refused = given.store.push([newJob()], { tx: {} })
      await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })
  }

  describe('push', () => {
    inTransaction('stores the jobs when the transaction commits, and not before', async ({ store, begin }) => {
      const { tx, commit } = await begin()
      const job = newJob()
      expect(await store.push([job], { tx })).toMatchObject([{ outcome: 'dispatched', uuid: job.uuid }])
      expect(await store.get(job.uuid)).toBeUndefined()

      await commit()

      expect(await store.get(job.uuid)).toMatchObject({ payload: job.payload, status: 'due' })
    })

    inTransaction('stores nothing and takes no key when the transaction is rolled back', async (given) => {
      const { tx, rollback } = await given.begin()
      const unique = { key: 'cases.fetch:case:1' }
      await given.store.push([newJob({ unique }), newJob()], { tx })

      await rollback()

      expect(given.raw.jobRows()).toEqual([])
      expect((await given.job({ unique })).outcome).toBe('dispatched')
    })

    inTransaction('sees the keys that are taken', async (given) => {
      const unique = { key: 'cases.fetch:case:1' }
      const holder = await given.job({ unique })
      const { tx, commit } = await given.begin()

      const pushed = await given.store.push([newJob({ unique })], { tx })
      await commit()

      expect(pushed).toEqual([{ outcome: 'skipped', uuid: holder.uuid, id: holder.id }])
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    inTransaction('that is refused leaves the transaction to its owner', async (given) => {
      const known = newJob()
      await given.store.push([known])
      const { tx, commit } = await given.begin()
      const kept = newJob()
      await given.store.push([kept], { tx })

      await expect(given.store.push([newJob(), known], { tx })).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
      await commit()

      expect(await given.store.get(kept.uuid)).toBeDefined()
    })
  })

  describe('notify', () => {
    inTransaction('wakes listeners after the commit, which the store does not see', async (given) => {
      let woken = 0
      const end = given.store.listen!(() => {
        woken += 1
      })
      const { tx, commit } = await given.begin()
      await given.store.push([newJob()], { tx })
      await commit()
      const before = woken

      given.store.notify!()

      await expect.poll(() => woken).toBeGreaterThan(before)
      end()
    })

    inTransaction('has a worker find the job at once, wherever its last look ended', async (given) => {
      const worker = await given.worker()
      const { tx, commit } = await given.begin()
      const [first] = await given.store.push([newJob()], { tx })
      // Stored later and visible earlier: what looks beyond it must not pass by the one that is still open.
      const isAlone = given.store.kind === 'sqlite'
      // `fresh`: one of 256 uuids that somebody else made waits for the transaction, since it might hold the same.
      const [second] = isAlone ? [undefined] : await given.store.push([newJob()], { fresh: true })
      if (second) expect((await worker.reserve()).map(({ id }) => id)).toEqual([second.id])
      await commit()

      given.store.notify!()

      expect((await worker.reserve()).map(({ id }) => id)).toEqual([first?.id])
    })
  })

  describe('settle', () => {
    inTransaction('ends the job with the transaction', async (given) => {
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      const { tx, commit } = await given.begin()

      const settled = await worker.settle([ended(job, { kind: 'completed' })], { tx })
      expect(settled).toEqual({ applied: [job.id], lost: [], refused: [] })
      expect(given.raw.jobRows()).toHaveLength(1)
      await commit()

      expect(given.raw.jobRows()).toEqual([])
    })

    inTransaction('leaves the job with its worker when the transaction is rolled back', async (given) => {
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      const { tx, rollback } = await given.begin()
      await worker.settle([ended(job, { kind: 'completed' })], { tx })

      await rollback()

      expect((await worker.beat([job])).gone).toEqual([])
      expect((await worker.complete(job)).applied).toEqual([job.id])
    })

    inTransaction('tells a stale worker within its transaction that the job is lost', async (given) => {
      await given.job()
      const [stale, worker] = [await given.worker(), await given.worker()]
      const job = await worker.reserveOne()
      const { tx, commit } = await given.begin()

      const settled = await stale.settle([ended(job, { kind: 'completed' })], { tx })
      await commit()

      expect(settled.lost).toEqual([job.id])
      expect((await worker.complete(job)).applied).toEqual([job.id])
    })
  })
})
