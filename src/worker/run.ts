import { FaenaError } from '../core/errors.ts'
import { CRASH_LIMIT, crashedWorkers, lostWithItsOnlyTry } from '../core/failure.ts'
import type { Handler, JobContext } from '../core/handler.ts'
import { decide, type Outcome, type Policy, type PolicyDefaults, policyOf, ReleaseSignal } from '../core/outcome.ts'
import { type ReadPayload, readPayload } from '../core/payload.ts'
import { checkInput } from '../core/schema.ts'
import type { Telemetry } from '../core/telemetry.ts'
import { timedOut } from './aborts.ts'
import { Context } from './context.ts'
import { type BoundHandler, type JobRun, waitedMs } from './job-run.ts'

/** What a run needs to know of the worker it happens in. */
export interface RunSettings {
  handlers: ReadonlyMap<string, BoundHandler>
  defaults: PolicyDefaults
  /** Runs a handler that asked for a thread or a process of its own. */
  isolated: (run: JobRun) => Promise<unknown>
  telemetry?: Telemetry
}

const COMPLETED: Outcome = Object.freeze({ kind: 'completed' })

/** How long a job waits that this worker can't run yet but another, or a newer one, may. */
const ELSEWHERE: Outcome = Object.freeze({ kind: 'released', delayMs: 10_000 })

/**
 * Reads the job and finds its handler and its policy. Answers an outcome where the handler must not run: the payload is
 * corrupt, it is for another runtime or newer code, three workers were lost with it, or its attempts were spent before
 * this one began.
 */
export function prepare(run: JobRun, settings: RunSettings): Outcome | null {
  let payload: ReadPayload
  try {
    payload = readPayload(run.job.payload)
  } catch (error) {
    return { kind: 'failed', error }
  }
  run.payload = payload
  const bound = payload.name === null ? undefined : settings.handlers.get(payload.name)
  if (bound === undefined) return ELSEWHERE
  const definition = bound.handler.job
  const policy = policyOf(payload, definition, settings.defaults)
  run.bound = bound
  run.policy = policy
  if (payload.faena.v !== undefined && payload.faena.v > definition.version) return ELSEWHERE
  if (run.job.crashes >= CRASH_LIMIT) return { kind: 'failed', error: crashedWorkers(run.name) }
  if (!wasSpent(run.job.attempts, policy)) return null
  run.spentBefore = true
  return { kind: 'failed', error: spentBefore(run, policy) }
}

/** Laravel's check before the handler: attempts grow with the reservation, so a job may come back with more than it has. */
function wasSpent(attempts: number, policy: Policy): boolean {
  if (policy.retryUntil !== null) return Date.now() > policy.retryUntil
  return policy.maxTries > 0 && attempts > policy.maxTries
}

function spentBefore(run: JobRun, policy: Policy): FaenaError {
  if (policy.retryUntil === null && policy.maxTries === 1 && run.job.crashes > 0) return lostWithItsOnlyTry(run.name)
  const limit =
    policy.retryUntil === null
      ? `allowed: ${policy.maxTries}`
      : `it was to be retried until ${new Date(policy.retryUntil).toISOString()}`
  return new FaenaError('MAX_ATTEMPTS_EXCEEDED', `Job ${run.name} came to attempt ${run.job.attempts}; ${limit}`)
}

/**
 * Runs a prepared job and answers how its attempt ended; it neither throws nor rejects. Answers at once where the
 * schema, the middleware and the handler do, so that a short job costs no promise.
 */
export function execute(run: JobRun, settings: RunSettings): Outcome | Promise<Outcome> {
  const { telemetry } = settings
  if (telemetry === undefined) return executed(run, settings)
  const { name: job, uuid, payload } = run
  const { queue, attempts: attempt } = run.job
  const about = { job, queue, uuid, attempt, waitMs: waitedMs(run), trace: payload?.faena.trace }
  return telemetry.attempt(about, () => executed(run, settings))
}

function executed(run: JobRun, settings: RunSettings): Outcome | Promise<Outcome> {
  let input: unknown
  try {
    input = readInput(run.bound!.handler, run.payload!)
  } catch (error) {
    return refusedInput(run, error)
  }
  return input instanceof Promise ? executeLater(run, input, settings) : invoke(run, input, settings)
}

async function executeLater(run: JobRun, late: Promise<unknown>, settings: RunSettings): Promise<Outcome> {
  let input: unknown
  try {
    input = await late
  } catch (error) {
    return refusedInput(run, error)
  }
  return invoke(run, input, settings)
}

/** The stored input, brought up to the definition's version and checked: what the handler gets. Throws INVALID_INPUT. */
export function readInput(handler: Handler, payload: ReadPayload): unknown {
  const { job } = handler
  const version = payload.faena.v ?? 1
  const data = job.upcast !== null && version < job.version ? job.upcast(payload.data, version) : payload.data
  return data instanceof Promise
    ? data.then((late) => checkInput(job.input, late, job.name))
    : checkInput(job.input, data, job.name)
}

/** An input that does not fit now will not fit the next time; any other error of the schema may pass. */
function refusedInput(run: JobRun, error: unknown): Outcome {
  if (error instanceof FaenaError && error.code === 'INVALID_INPUT') return { kind: 'failed', error }
  return failedAttempt(run, error)
}

function invoke(run: JobRun, input: unknown, settings: RunSettings): Outcome | Promise<Outcome> {
  const { handler, middleware } = run.bound!
  let result: unknown
  try {
    const context = new Context(run, input)
    if (middleware.length > 0) result = through(run, context, 0, settings)
    else if (handler.isolate !== null) result = settings.isolated(run)
    else result = handler.run(context)
  } catch (error) {
    return failedAttempt(run, error)
  }
  return isThenable(result) ? settleLater(run, result) : succeeded(run, result)
}

/** Calls middleware number `at`, and from its `next` the one after it, then the handler. */
async function through(run: JobRun, context: JobContext, at: number, settings: RunSettings): Promise<unknown> {
  const { handler, middleware } = run.bound!
  const layer = middleware[at]
  if (layer === undefined) return handler.isolate === null ? handler.run(context) : settings.isolated(run)
  let called = false
  return layer(context, () => {
    if (called)
      return Promise.reject(
        new FaenaError('BAD_ARGUMENT', 'A middleware called next() twice; a handler runs once per attempt'),
      )
    called = true
    return through(run, context, at + 1, settings)
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

async function settleLater(run: JobRun, result: PromiseLike<unknown>): Promise<Outcome> {
  try {
    return succeeded(run, await result)
  } catch (error) {
    return failedAttempt(run, error)
  }
}

function succeeded(run: JobRun, result: unknown): Outcome {
  if (run.wish !== null) return failedAttempt(run, run.wish)
  run.result = result
  return COMPLETED
}

/**
 * What becomes of an attempt that threw. What the handler asked for comes first. An attempt that was told to abort for
 * a reason that is not its own goes back with its attempt, whatever it threw.
 */
function failedAttempt(run: JobRun, error: unknown): Outcome {
  const policy = run.policy!
  const attempt = { attempts: run.job.attempts, timedOut: false, now: Date.now() }
  if (run.wish !== null) return decide(run.wish, attempt, policy)
  if (run.aborted === null) return decide(error, attempt, policy)
  if (run.aborted.code === 'JOB_TIMED_OUT') return timedOutAttempt(run, error)
  return decide(new ReleaseSignal(0), attempt, policy)
}

/** What becomes of an attempt whose time was over, whether its handler ended (with `error`) or goes on. */
export function timedOutAttempt(run: JobRun, error?: unknown): Outcome {
  const policy = run.policy!
  const obeyed = error === undefined || isAbort(error, run)
  const reason =
    obeyed && run.aborted?.code === 'JOB_TIMED_OUT' ? run.aborted : timedOut(run.name, policy.timeoutMs, error)
  return decide(reason, { attempts: run.job.attempts, timedOut: true, now: Date.now() }, policy)
}

/** What becomes of an attempt whose handler returned after `complete(tx)` without having committed that transaction. */
export function undoneAttempt(run: JobRun): Outcome {
  return failedAttempt(
    run,
    new FaenaError(
      'NOT_COMMITTED',
      `The handler of job ${run.name} called complete(tx) and returned, but its transaction was not committed: neither the job nor what the transaction wrote is done`,
    ),
  )
}

/** Whether the error only says that the signal was obeyed: the reason itself, or an AbortError of fetch and its like. */
function isAbort(error: unknown, run: JobRun): boolean {
  return error === run.aborted || (error instanceof Error && error.name === 'AbortError')
}
