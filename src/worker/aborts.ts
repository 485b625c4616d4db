import { spoken } from '../core/duration.ts'
import { FaenaError } from '../core/errors.ts'

/** The reasons an attempt is told to abort with, as its signal's `reason`. */

export function timedOut(name: string, timeoutMs: number, cause?: unknown): FaenaError {
  return new FaenaError('JOB_TIMED_OUT', `Job ${name} ran longer than its timeout of ${spoken(timeoutMs)}`, { cause })
}

export function blockedTheLoop(name: string, timeoutMs: number): FaenaError {
  return new FaenaError(
    'JOB_TIMED_OUT',
    `Job ${name} ran longer than its timeout of ${spoken(timeoutMs)} and blocked the event loop, so it could not be told ` +
      'to abort: its worker was ended. Give such a handler isolate: { in: "thread", module: import.meta.url }.',
  )
}

export function cancelled(name: string): FaenaError {
  return new FaenaError('JOB_CANCELLED', `Job ${name} was cancelled, deleted or cleared while it ran`)
}

export function leaseLost(name: string): FaenaError {
  return new FaenaError(
    'LEASE_LOST',
    `The worker lost its lease while job ${name} ran: another worker may run it now, and what this attempt ends with is not written`,
  )
}

export function workerStopping(name: string): FaenaError {
  return new FaenaError(
    'WORKER_STOPPING',
    `The worker stops before job ${name} ended; the job goes back with its attempt`,
  )
}
