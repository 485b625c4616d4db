import { setTimeout as sleep } from 'node:timers/promises'
import { type Duration, milliseconds, spoken } from '../core/duration.ts'
import { FaenaError, isFaenaError, notAllowed } from '../core/errors.ts'
import { tryReadPayload } from '../core/payload.ts'
import { isUuid } from '../core/uuid.ts'
import type { FailedJob, Run, Store } from '../store.ts'

const FIRST_PAUSE_MS = 4
const LONGEST_PAUSE_MS = 1_000
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface WaitOptions {
  /** Default 30 s, then WAIT_TIMED_OUT; the job itself goes on. */
  timeout?: Duration
  /** Ends the waiting, not the job. */
  signal?: AbortSignal
}

export interface Ended<Result = unknown> {
  status: 'completed'
  /** What the handler returned, where the definition has `keepResult`; else undefined. */
  result: Result | undefined
}

/** What the store shows of a job at one moment. */
type Sight =
  | { state: 'open'; keepResultMs: number | null }
  | { state: 'failed'; failed: FailedJob }
  | { state: 'ended'; run: Run }
  | { state: 'gone' }

/**
 * Waits until the job has ended, by looking at the store: every few milliseconds at first, at last once a second, so that
 * it works across processes and machines. `known`: the job surely was stored (else a uuid nothing is left of is NOT_FOUND).
 *
 * Without `keepResult` nothing is kept of a job that completed. Then "the row is gone and it did not fail" counts as
 * completed, which a job that was removed by hand meanwhile looks like too.
 */
export async function waitForEnd(
  store: Store,
  uuid: string,
  known: boolean,
  options: WaitOptions = {},
): Promise<Ended> {
  if (!isUuid(uuid)) throw notAllowed('BAD_ARGUMENT', 'uuid', uuid, 'the uuid of a job, or what dispatch answered')
  const timeoutMs = Math.min(milliseconds(options.timeout ?? '30s', 'timeout'), LONGEST_TIMER_MS)
  options.signal?.throwIfAborted()
  const timer = AbortSignal.timeout(timeoutMs)
  const stop = options.signal === undefined ? timer : AbortSignal.any([options.signal, timer])
  let unreachable: unknown
  const stopped = new Promise<never>((_, reject) => {
    stop.addEventListener('abort', () => {
      const text = `Job ${uuid} did not end within ${spoken(timeoutMs)}; it goes on, so wait again or look at it with faena show`
      reject(
        options.signal?.aborted
          ? options.signal.reason
          : new FaenaError('WAIT_TIMED_OUT', text, { cause: unreachable }),
      )
    })
  })
  stopped.catch(() => {})
  let seenAt = known ? performance.now() : null
  let keepResultMs: number | null = null
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) {
    const sight: Sight | undefined = await Promise.race([look(store, uuid.toLowerCase()), stopped]).catch((error) => {
      // While the store is away, or too slow, the job's end cannot be seen; it may be back in time.
      if (!isFaenaError(error, 'STORE_UNAVAILABLE') && !isFaenaError(error, 'READ_TIMED_OUT')) throw error
      unreachable = error
      return undefined
    })
    if (sight !== undefined && sight.state !== 'open') return ending(uuid, sight, seenAt, keepResultMs)
    if (sight !== undefined) {
      seenAt = performance.now()
      keepResultMs = sight.keepResultMs
    }
    await Promise.race([sleep(pause, undefined, { signal: stop }).catch(() => stopped), stopped])
  }
}

async function look(store: Store, uuid: string): Promise<Sight> {
  const open = await openSight(store, uuid)
  if (open !== undefined) return open
  const failed = await store.getFailed(uuid)
  if (failed !== undefined) return { state: 'failed', failed }
  const { rows } = await store.runs({ uuid }, { limit: 50 })
  // A retry counts attempts from 1 again, so the latest run is told by time, not by number.
  const run = rows.filter(({ endedAt }) => endedAt !== null).sort((a, b) => b.endedAt! - a.endedAt!)[0]
  if (run?.outcome === 'completed' || run?.outcome === 'cancelled') return { state: 'ended', run }
  // It may have been retried, and have left failed_jobs, between the first look and the second.
  return (await openSight(store, uuid)) ?? { state: 'gone' }
}

async function openSight(store: Store, uuid: string): Promise<Sight | undefined> {
  const job = await store.get(uuid)
  return job && { state: 'open', keepResultMs: tryReadPayload(job.payload)?.faena.keepResultMs ?? null }
}

function ending(
  uuid: string,
  sight: Exclude<Sight, { state: 'open' }>,
  seenAt: number | null,
  keepResultMs: number | null,
): Ended {
  if (sight.state === 'failed') throw failure(sight.failed)
  if (sight.state === 'ended') {
    const { outcome, result } = sight.run
    if (outcome === 'cancelled') throw new FaenaError('JOB_CANCELLED', `Job ${uuid} was cancelled`)
    return { status: 'completed', result: result === null ? undefined : JSON.parse(result) }
  }
  if (seenAt === null) {
    throw new FaenaError(
      'NOT_FOUND',
      `Nothing is left of job ${uuid}: it ended some time ago or never was. ` +
        'Give its definition keepResult, or wait for what dispatch answered, to be sure which.',
    )
  }
  // Its completion would have left the result in the same step.
  if (keepResultMs !== null && performance.now() - seenAt < keepResultMs) {
    throw new FaenaError('JOB_CANCELLED', `Job ${uuid} was taken away before it completed`)
  }
  return { status: 'completed', result: undefined }
}

/** The error a caller gets: the failed job's own exception is its cause, with the text it lies in failed_jobs with. */
function failure({ uuid, name, exception, headline }: FailedJob): FaenaError {
  const first = headline ?? exception.split('\n', 1)[0] ?? ''
  const cause = new Error(first)
  cause.stack = exception
  return new FaenaError('JOB_FAILED', `Job ${name ?? ''} (${uuid}) failed: ${first}`, { cause })
}
