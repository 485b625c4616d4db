import { FaenaError } from './errors.ts'
import { exceptionText, fingerprint, headline } from './exception.ts'
import { tryReadPayload, uuidOf, withUuid } from './payload.ts'
import { uuidv7 } from './uuid.ts'

/** A row of failed_jobs to be, and what it is found by in lists. */
export interface Failure {
  uuid: string
  exception: string
  /** Replaces the row's payload; only where that had no uuid or cannot be stored as it is. */
  payload?: string
  name: string | null
  fingerprint: string
  headline: string
  /** Surfaced fields as JSON object text, or null. */
  surfaced: string | null
}

/**
 * The row of failed_jobs that a job leaves behind. A job without uuid is given one, in its payload too, since failed_jobs
 * needs it and a retry must keep it.
 */
export function failureOf(
  job: { payload: string; name: string | null },
  error: unknown,
  surface: (data: unknown) => string | null = () => null,
): Failure {
  const read = tryReadPayload(job.payload)
  const exception = exceptionText(error)
  const uuid = uuidOf(job.payload) ?? uuidv7()
  const payload = withUuid(job.payload, uuid)
  const name = read?.name ?? job.name
  return {
    uuid,
    exception,
    ...(payload === job.payload ? {} : { payload }),
    name: name ?? read?.displayName ?? null,
    fingerprint: fingerprint(name ?? read?.displayName ?? 'corrupt', exception),
    headline: headline(exception).slice(0, 500),
    surfaced: read ? surface(read.data) : null,
  }
}

/** Why a job fails that three workers were lost with. It says what is known, which is not what ended them. */
export function crashedWorkers(name: string): FaenaError {
  return new FaenaError(
    'JOB_CRASHED_WORKERS',
    `Job ${name} was held by ${CRASH_LIMIT} workers when they were last heard of, and the last of them had begun it and ran ` +
      'nothing else. Look at memory use, native code and process.exit in its handler before you retry it.',
  )
}

/** Why a job with a single try fails whose worker was lost. */
export function lostWithItsOnlyTry(name: string): FaenaError {
  return new FaenaError(
    'JOB_CRASHED_WORKERS',
    `Job ${name} has a single try, and the lease of the worker that had taken it ended without its outcome: the worker died, ` +
      'or could not reach the store for so long. Such a job begins when it is taken, so it may have done a part of its work ' +
      'or all of it. Retry it once you know that a second run is harmless.',
  )
}

/** The note of an attempt that its worker's heartbeat thread settled before it ended the process: nobody there called a hook. */
export const ENDED_WITH_ITS_WORKER = 'its handler blocked the worker, whose process was ended'

/** From so many crashes on a job runs alone in its worker, and is noted as begun. */
export const SUSPECT = 2

/** A job of so many crashes is not begun again. */
export const CRASH_LIMIT = 3

/**
 * How long a job of three crashes waits before it is failed: a worker that was only cut off from its store comes back in
 * this time, and takes its count back.
 */
export const CRASH_PATIENCE_MS = 15_000

/**
 * Crashes a job is charged with once the lease of a worker that held it has ended. Of several jobs nobody knows whose fault
 * it was, nor of one that was only taken ahead: each is a suspect at most. What had `begun` as a suspect ran alone in that
 * worker, so the count that decides is its own.
 */
export function crashesAfter(before: number, begun: boolean): number {
  return Math.max(before, Math.min(before + 1, begun ? CRASH_LIMIT : SUSPECT))
}
