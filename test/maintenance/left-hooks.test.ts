import { expect, test } from 'vitest'
import { ENDED_WITH_ITS_WORKER } from '../../src/core/failure.ts'
import { defineJob, type JobFailure } from '../../src/core/job.ts'
import { callHooksLeftBy } from '../../src/maintenance/left-hooks.ts'
import type { NewRun, ReservedJob } from '../../src/store.ts'
import { FETCH, failure, uuidOf } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'

function runOf(job: ReservedJob, worker: number, note: string | null): NewRun {
  const times = { startedAt: 1_767_614_400_000, endedAt: 1_767_614_401_000, keepUntil: null }
  const rest = { name: FETCH, queue: job.queue, attempt: job.attempts, worker, headline: 'timed out', progress: null }
  return { ...times, ...rest, uuid: uuidOf(job), outcome: 'failed', note, log: [], result: null }
}

eachStore('hooks that a worker left', (open) => {
  test('are called with the attempts that were made, those of others and those that were called are not', async () => {
    await using given = await open()
    const failures: JobFailure[] = []
    const input = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } }
    const job = defineJob({ name: FETCH, input, failed: (told) => void failures.push(told) })
    const [blocked, other] = [await given.worker(), await given.worker()]
    const left = await given.job({ input: { caseId: 7 } })
    for (const [worker, note] of [
      [blocked, ENDED_WITH_ITS_WORKER],
      [blocked, null],
      [other, ENDED_WITH_ITS_WORKER],
    ] as const) {
      if (worker !== blocked || note === null) await given.job()
      const taken = await worker.reserveOne()
      const outcome = { kind: 'failed', failure: failure(taken, 'ran longer than its timeout') } as const
      const run = runOf(taken, worker.id, note)
      await worker.settle([{ id: taken.id, attempts: taken.attempts, outcome, unique: false, run }], { channel: 1 })
    }

    await callHooksLeftBy(blocked.id, given.store, [job])

    expect(failures).toMatchObject([
      { uuid: left.uuid, attempts: 1, input: { caseId: 7 }, error: { code: 'JOB_TIMED_OUT' } },
    ])
  })
})
