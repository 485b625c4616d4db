import type { Events } from '../core/events.ts'
import type { JobFailure } from '../core/job.ts'
import { steadyNow } from './clock.ts'
import type { JobEvent, WorkerEvents } from './events.ts'
import type { JobRun } from './job-run.ts'
import type { Recorder } from './recorder.ts'

/** Tells what became of each run once that is certain: events, totals, history, and the job's own `failed` hook. */
export class Reporter {
  readonly #events: Events<WorkerEvents>
  readonly #recorder: Recorder
  readonly #onError: (error: unknown) => void

  constructor(events: Events<WorkerEvents>, recorder: Recorder, onError: (error: unknown) => void) {
    this.#events = events
    this.#recorder = recorder
    this.#onError = onError
  }

  started(run: JobRun): void {
    this.#recorder.started(run)
    if (this.#events.heard('logged')) run.onLine = this.#logged
    if (this.#events.heard('started')) this.#events.emit('started', jobEvent(run))
  }

  readonly #logged = (run: JobRun, line: string): void => {
    this.#events.emit('logged', { ...jobEvent(run), line })
  }

  timedOut(run: JobRun): void {
    if (!this.#events.heard('timedOut')) return
    this.#events.emit('timedOut', { ...jobEvent(run), timeoutMs: run.policy?.timeoutMs ?? 0 })
  }

  stuck(run: JobRun): void {
    if (this.#events.heard('stuck')) this.#events.emit('stuck', jobEvent(run))
  }

  /** The store says that the job was not this worker's any more: somebody took it away, or the lease was lost. */
  lost(run: JobRun): void {
    if (run.startedAt === 0) return
    const name = run.aborted?.code === 'JOB_CANCELLED' ? 'cancelled' : 'lost'
    if (this.#events.heard(name)) this.#events.emit(name, jobEvent(run))
  }

  applied(run: JobRun): void {
    const outcome = run.outcome!
    // A job that was given back before it began leaves no trace.
    if (run.startedAt === 0) return
    this.#recorder.ended(run)
    const events = this.#events
    switch (outcome.kind) {
      case 'completed':
        if (events.heard('completed')) events.emit('completed', { ...jobEvent(run), result: run.result })
        break
      case 'retry':
        if (events.heard('retrying')) {
          events.emit('retrying', { ...jobEvent(run), error: outcome.error, delayMs: outcome.delayMs })
        }
        break
      case 'failed':
        if (events.heard('failed')) events.emit('failed', { ...jobEvent(run), error: outcome.error })
        void callFailedHook(run, outcome.error, this.#onError)
        break
      case 'released':
        if (events.heard('released')) events.emit('released', { ...jobEvent(run), delayMs: outcome.delayMs })
        break
      case 'cancelled':
        if (events.heard('cancelled')) events.emit('cancelled', jobEvent(run))
    }
  }
}

/** The definition's `failed` hook. What it throws is told to the operator and changes nothing: the job has failed already. */
export async function callFailedHook(run: JobRun, error: unknown, onError: (error: unknown) => void): Promise<void> {
  const definition = run.bound?.handler.job
  if (!definition?.failed) return
  const { uuid, name } = run
  const failure: JobFailure = {
    uuid,
    name,
    queue: run.job.queue,
    attempts: run.spentBefore ? run.job.attempts - 1 : run.job.attempts,
    input: run.payload?.data,
    error,
  }
  try {
    await definition.failed(failure)
  } catch (cause) {
    onError(new Error(`The failed hook of job ${name} threw`, { cause }))
  }
}

function jobEvent(run: JobRun): JobEvent {
  return {
    worker: run.settler?.worker ?? 0,
    id: run.job.id,
    uuid: run.uuid,
    name: run.name,
    displayName: run.payload?.displayName ?? run.name,
    queue: run.job.queue,
    attempts: run.job.attempts,
    data: run.payload?.data ?? null,
    ms: (run.endedAt === 0 ? steadyNow() : run.endedAt) - run.startedAt,
  }
}
