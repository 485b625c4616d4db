import { FaenaError } from '../core/errors.ts'
import { ENDED_WITH_ITS_WORKER } from '../core/failure.ts'
import type { AnyJob } from '../core/job.ts'
import { tryReadPayload } from '../core/payload.ts'
import type { Run, Store } from '../store.ts'

/** Among so many of the latest failures. */
const LATEST = 200

/**
 * Calls the `failed` hooks that a worker could not call, because a handler blocked it until its heartbeat thread settled the
 * attempt and ended the process. For whoever stands in for that worker, once: a hook whose process ends before it is lost.
 */
export async function callHooksLeftBy(worker: number, store: Store, jobs: readonly AnyJob[]): Promise<void> {
  const hooks = new Map(jobs.filter(({ failed }) => failed !== null).map((job) => [job.name, job]))
  if (hooks.size === 0) return
  const { rows } = await store.runs({ outcome: 'failed' }, { limit: LATEST })
  const left = rows.filter((run) => run.worker === worker && run.note === ENDED_WITH_ITS_WORKER)
  for (const run of left) await callHook(store, hooks.get(run.name), run)
}

async function callHook(store: Store, definition: AnyJob | undefined, run: Run): Promise<void> {
  // One that was retried or forgotten since has been seen to.
  const failed = definition && (await store.getFailed(run.uuid))
  if (!failed) return
  await definition.failed?.({
    uuid: run.uuid,
    name: run.name,
    queue: failed.queue,
    attempts: run.attempt,
    input: tryReadPayload(failed.payload)?.data,
    error: new FaenaError('JOB_TIMED_OUT', failed.headline ?? `Job ${run.name} ran longer than its timeout`),
  })
}
