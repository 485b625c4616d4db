import type { WallClock } from '../core/wallclock.ts'
import type { Audit, JobRef, Store } from '../store.ts'

/** What the audit calls the things that were done to one job. Its target is `failed:45` or `job:123`, or the uuid after the colon. */
export const DONE_TO = {
  'failed.retry': 'It was retried',
  'failed.delete': 'It was deleted',
  'job.delete': 'It was deleted',
} as const

/** What became of a job that is not there, as far as anybody can know it; a sentence or two for people. */
export async function fateOf(store: Store, table: 'job' | 'failed', ref: JobRef, clock: WallClock): Promise<string> {
  const { rows } = await store.audit({ target: `${table}:${ref}` }, { limit: 20 })
  const done = rows.find(({ action, outcome }) => outcome === 'done' && action in DONE_TO)
  if (done) return said(done, clock)
  if (typeof ref === 'string') {
    const found = await elsewhere(store, table, ref, clock)
    if (found) return found
  }
  return table === 'job'
    ? 'It was processed, failed (then it is among the failed jobs under another id), was removed, or never was.'
    : 'It was retried or deleted, or never was.'
}

function said({ action, at, subject }: Audit, clock: WallClock): string {
  return `${DONE_TO[action as keyof typeof DONE_TO]} at ${clock.text(at)} by ${subject}.`
}

async function elsewhere(
  store: Store,
  table: 'job' | 'failed',
  uuid: string,
  clock: WallClock,
): Promise<string | undefined> {
  if (table === 'failed') {
    const job = await store.get(uuid)
    if (job) return `It was retried: it is in the queue ${job.queue} again, as job ${job.id}.`
  } else {
    const failed = await store.getFailed(uuid)
    if (failed) return `It failed at ${failed.failedAtText}: it is failed job ${failed.id}.`
  }
  const [run] = (await store.runs({ uuid }, { limit: 1 })).rows
  if (!run?.endedAt) return undefined
  return `Its attempt ${run.attempt} ended as ${run.outcome} at ${clock.text(run.endedAt)}.`
}
