import { backoffDelay, DEFAULT_BACKOFF, type StoredBackoff } from './backoff.ts'
import { type Duration, milliseconds } from './duration.ts'
import type { JobDefinition } from './job.ts'
import type { ReadPayload } from './payload.ts'

/**
 * How one attempt ended. Whether a failed attempt is retried, and when, is decided here (`decide`); a store only writes
 * what it is told.
 *
 *   completed  the row goes; the result is kept where the job asked for it
 *   retry      back to pending after `delayMs`, the attempt stays spent
 *   failed     the row moves to failed_jobs with the full exception
 *   released   back to pending after `delayMs`, the attempt is given back
 *   cancelled  the row goes, with a reason
 */
export type Outcome =
  | { kind: 'completed'; result?: unknown }
  | { kind: 'retry'; delayMs: number; error: unknown }
  | { kind: 'failed'; error: unknown }
  | { kind: 'released'; delayMs: number }
  | { kind: 'cancelled'; reason: string }

/** What holds for the attempts of one job: its payload first, then its definition, then the worker's options. */
export interface Policy {
  /** 0 = no limit. */
  maxTries: number
  maxExceptions: number | null
  /** Unix ms; while it lies ahead, `maxTries` is not looked at (as in Laravel). */
  retryUntil: number | null
  failOnTimeout: boolean
  /** 0 = none. */
  timeoutMs: number
  backoff: StoredBackoff
  backoffFunction: ((attempt: number, error: unknown) => Duration) | null
}

export interface PolicyDefaults {
  tries: number
  timeoutMs: number
  backoff?: StoredBackoff
}

export const POLICY_DEFAULTS: Required<PolicyDefaults> = { tries: 3, timeoutMs: 60_000, backoff: DEFAULT_BACKOFF }

export function policyOf(payload: ReadPayload, job: JobDefinition | undefined, defaults: PolicyDefaults): Policy {
  return {
    maxTries: payload.maxTries ?? job?.tries ?? defaults.tries,
    maxExceptions: payload.maxExceptions,
    retryUntil: payload.retryUntil,
    failOnTimeout: payload.failOnTimeout,
    timeoutMs: payload.timeoutMs ?? job?.timeoutMs ?? defaults.timeoutMs,
    backoff: payload.backoff ?? job?.backoff ?? defaults.backoff ?? DEFAULT_BACKOFF,
    backoffFunction: job?.backoffFunction ?? null,
  }
}

/** Thrown by `context.release()`. */
export class ReleaseSignal {
  readonly delayMs: number
  constructor(delayMs: number) {
    this.delayMs = delayMs
  }
}

/** Thrown by `context.fail()`: no further attempt would help. */
export class FailSignal {
  readonly error: Error
  constructor(reason: string | Error) {
    this.error = typeof reason === 'string' ? new Error(reason) : reason
  }
}

export interface Attempt {
  /** Attempts so far, this one included. */
  attempts: number
  timedOut: boolean
  /** Unix ms. */
  now: number
  random?: () => number
}

/** What becomes of a job whose attempt threw `error`: the rules of Laravel's worker, in its order. */
export function decide(error: unknown, attempt: Attempt, policy: Policy): Outcome {
  if (error instanceof ReleaseSignal) return { kind: 'released', delayMs: error.delayMs }
  if (error instanceof FailSignal) return { kind: 'failed', error: error.error }
  const { attempts, timedOut, now } = attempt
  const spent =
    policy.retryUntil === null ? policy.maxTries > 0 && attempts >= policy.maxTries : policy.retryUntil <= now
  const tooMany = policy.maxExceptions !== null && attempts >= policy.maxExceptions
  if (spent || tooMany || (timedOut && policy.failOnTimeout)) return { kind: 'failed', error }
  return { kind: 'retry', delayMs: delayAfter(attempts, error, policy, attempt.random), error }
}

function delayAfter(attempts: number, error: unknown, policy: Policy, random?: () => number): number {
  if (policy.backoffFunction) {
    try {
      return milliseconds(policy.backoffFunction(attempts, error), 'the backoff function’s answer')
    } catch {
      // A broken rule must not fail the job: its time falls back to the stored rule.
    }
  }
  return backoffDelay(policy.backoff, attempts, random)
}
