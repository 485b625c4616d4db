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

/** Why a job fails whose worker died: it was alone with a dying worker too often, or it has a single try and surely ran. */
export function crashError(name: string, crashes: number, singleTry: boolean): FaenaError {
  const text = singleTry
    ? `Job ${name} has a single try and its worker died while it ran; it may have done part of its work. Retry it once you know that a second run is harmless.`
    : `Job ${name} crashed ${crashes} workers: each of them died while it ran. Look at memory use, native code and process.exit in its handler before you retry it.`
  return new FaenaError('JOB_CRASHED_WORKERS', text)
}

export const CRASH_LIMIT = 3

/**
 * Crashes a job is charged with once a worker died that held it. Among several jobs nobody knows whose fault it was: they
 * are counted as suspects, at most twice. A suspect of that degree runs alone in its worker, so a third crash is its own.
 */
export function crashesAfter(before: number, alone: boolean): number {
  return alone ? before + 1 : Math.max(before, Math.min(before + 1, CRASH_LIMIT - 1))
}
