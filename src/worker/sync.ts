import { FaenaError } from '../core/errors.ts'
import type { Handler, Middleware } from '../core/handler.ts'
import { POLICY_DEFAULTS, type PolicyDefaults } from '../core/outcome.ts'
import type { ReservedJob } from '../store.ts'
import { timedOut } from './aborts.ts'
import { LONGEST_TIMER, steadyNow } from './clock.ts'
import { Isolates } from './isolate.ts'
import { JobRun } from './job-run.ts'
import { bindHandlers } from './options.ts'
import { callFailedHook } from './reporter.ts'
import { execute, prepare, type RunSettings, timedOutAttempt } from './run.ts'

export interface SyncOptions {
  middleware?: readonly Middleware[]
  defaults?: PolicyDefaults
  /** How long a handler may go on after it was told to abort (default 10 s); then the caller no longer waits for it. */
  graceMs?: number
  /** Errors of `failed` hooks. */
  onError?: (error: unknown) => void
}

/**
 * What the `sync` connection runs a dispatched job with: at once, in the caller's own call, with middleware, checks and
 * timeout as in a worker but without a store. Resolves to the handler's result; rejects with what the handler threw,
 * after the definition's `failed` hook. As in Laravel there is one attempt, and a release has no later to go to.
 */
export function syncRunner(
  handlers: readonly Handler[],
  { middleware = [], defaults = POLICY_DEFAULTS, graceMs = 10_000, onError = () => {} }: SyncOptions = {},
): (payload: string, queue: string) => Promise<unknown> {
  const isolates = new Isolates(defaults, graceMs)
  const settings: RunSettings = {
    handlers: bindHandlers(handlers, middleware),
    defaults,
    isolated: (run) => isolates.run(run),
  }
  return async (payload, queue) => {
    const run = new JobRun(inlineJob(payload, queue), null)
    run.startedAt = steadyNow()
    const refusal = prepare(run, settings)
    const outcome = refusal ?? (await withinTimeout(run, settings, graceMs))
    if (outcome.kind === 'completed') return run.result
    if (outcome.kind === 'retry' || outcome.kind === 'failed') {
      await callFailedHook(run, outcome.error, onError)
      throw outcome.error
    }
    if (refusal !== null) throw new FaenaError('UNKNOWN_JOB', noHandler(run))
    return undefined
  }
}

function noHandler(run: JobRun): string {
  return `No handler of job ${run.name} is known here, or only one of an older version; the sync connection runs jobs where they are dispatched, so their handlers must be loaded there.`
}

async function withinTimeout(run: JobRun, settings: RunSettings, graceMs: number) {
  const outcome = execute(run, settings)
  const timeoutMs = run.policy?.timeoutMs ?? 0
  if (!(outcome instanceof Promise) || timeoutMs === 0) return outcome
  let timer: NodeJS.Timeout | undefined
  const givenUp = new Promise<'given up'>((resolve) => {
    timer = setTimeout(
      () => {
        run.abort(timedOut(run.name, timeoutMs))
        timer = setTimeout(() => resolve('given up'), graceMs)
      },
      Math.min(timeoutMs, LONGEST_TIMER),
    )
  })
  const first = await Promise.race([outcome, givenUp])
  clearTimeout(timer)
  if (first !== 'given up') return first
  run.kill?.()
  return timedOutAttempt(run)
}

function inlineJob(payload: string, queue: string): ReservedJob {
  const now = Date.now()
  return {
    id: 0,
    queue,
    payload,
    attempts: 1,
    maxAttempts: null,
    name: null,
    priority: 0,
    availableAt: now,
    createdAt: now,
    crashes: 0,
  }
}
