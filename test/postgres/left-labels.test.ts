import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import type { Store } from '../../src/store.ts'
import { failure, newJobs } from '../support/jobs.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { ended, startWorker } from '../support/worker.ts'

test('a failed job is not retried or removed for a label of another, whose id it has since the table was emptied', async () => {
  await using given = await givenSchema()
  const store = await given.store()
  await store.migrate()
  const admin = createAdmin({ store })
  const before = await failed(store, 'MySQL server has gone away')
  given.look.all(`truncate ${given.schema}.failed_jobs restart identity`)
  const after = await failed(store, 'order 7 has no address')

  expect(await admin.removeFailed({ fingerprint: before })).toMatchObject({ changed: 0, complete: true })
  expect(await admin.retry({ fingerprint: before })).toMatchObject({ changed: 0, complete: true })

  expect(await admin.retry({ fingerprint: after })).toMatchObject({ changed: 3, complete: true })
})

/** Three jobs fail so; answers of what kind that is. */
async function failed(store: Store, error: string): Promise<string> {
  await store.push(newJobs(3))
  const worker = await startWorker(store)
  const jobs = await worker.reserve()
  await worker.settle(jobs.map((job) => ended(job, { kind: 'failed', failure: failure(job, error) })))
  await store.deregister(worker.id)
  return failure(jobs[0]!, error).fingerprint
}
