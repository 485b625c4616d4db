import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newJob, newJobs } from '../support/jobs.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'
import { missing } from '../support/servers/install.ts'
import { PGBOUNCER, startPgbouncer } from '../support/servers/pgbouncer.ts'
import type { Throwaway } from '../support/servers/throwaway.ts'
import { startWorker } from '../support/worker.ts'

const reason = missing(PGBOUNCER)

describe.skipIf(reason !== undefined && !process.env.CI)(
  `behind PgBouncer in transaction mode${reason ? ` (${reason})` : ''}`,
  () => {
    let given: GivenSchema
    let bouncer: Throwaway

    beforeAll(async () => {
      given = await givenSchema()
      bouncer = await startPgbouncer(given.url)
    }, 60_000)

    afterAll(async () => {
      await given[Symbol.asyncDispose]()
      await bouncer.stop()
    })

    test('jobs are migrated, pushed, reserved, settled, and given back by many at a time', async () => {
      const stores = await Promise.all([1, 2, 3].map(() => given.store({ url: bouncer.url })))
      await stores[0]!.migrate()
      await Promise.all(
        stores.map((store, at) =>
          Promise.all(
            newJobs(40, (input) => ({ input, ...(input % 4 === 0 && { unique: { key: `case:${at}:${input}` } }) })).map(
              (job, seq) => store.push([job], { pushId: { producer: `web-${at}-${seq}`, seq: 1 } }),
            ),
          ),
        ),
      )
      const done = new Set<number>()

      await Promise.all(
        stores.map(async (store) => {
          const worker = await startWorker(store)
          for (;;) {
            const jobs = await worker.reserve({ limit: 7 })
            if (jobs.length === 0) break
            await worker.beat(jobs)
            for (const { id } of jobs) done.add(id)
            expect((await worker.complete(...jobs)).lost).toEqual([])
          }
          await store.deregister(worker.id)
        }),
      )

      expect(done.size).toBe(120)
      expect(await stores[0]!.counts()).toEqual([])
    })

    test('doctor says that notifications do not arrive; jobs of others are found by looking', async () => {
      const [store, web] = [await given.store({ url: bouncer.url }), await given.store({ url: bouncer.url })]
      await store.migrate()
      const worker = await startWorker(store)
      const end = store.listen?.(() => {})

      await web.push([newJob()])

      expect(await worker.reserve()).toHaveLength(1)
      expect((await store.diagnose()).filter(({ topic }) => topic === 'notifications')).toMatchObject([
        { level: 'warning' },
      ])
      end?.()
    })
  },
)
