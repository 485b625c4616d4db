import { exceptionText, headline } from '../core/exception.ts'
import { failureOf } from '../core/failure.ts'
import type { Outcome } from '../core/outcome.ts'
import { uuidOf, withUuid } from '../core/payload.ts'
import { type SurfacedField, surfacedText } from '../core/surface.ts'
import { uuidv7 } from '../core/uuid.ts'
import type { Failure, JobOutcome, NewRun, SettledOutcome } from '../store.ts'
import { wallTime } from './clock.ts'
import type { JobRun } from './job-run.ts'

const COMPLETED: SettledOutcome = Object.freeze({ kind: 'completed' })
const CANCELLED: SettledOutcome = Object.freeze({ kind: 'cancelled' })
const LARGEST_RESULT = 1024 * 1024

/** The outcome of a run with all its texts made, so that a store decides nothing and a repeated settle says the same. */
export function written(run: JobRun, outcome: Outcome, surface: readonly SurfacedField[]): JobOutcome {
  const { id, attempts } = run.job
  const settled = settledOutcome(run, outcome, surface)
  const keepMs: unknown = run.payload?.faena.keepResultMs
  const ended = outcome.kind === 'completed' || outcome.kind === 'failed'
  const whole: JobOutcome = { id, attempts, outcome: settled, unique: holdsKey(run.payload) }
  if (typeof keepMs === 'number' && ended && run.payload?.uuid) whole.run = keptRun(run, outcome, settled, keepMs)
  return whole
}

/** Whether a job's end must free a unique key: one held until then. Other keys end by themselves. */
export function holdsKey(payload: { faena: { unique?: { until: string } } } | null): boolean {
  return payload?.faena.unique?.until === 'ended'
}

function settledOutcome(run: JobRun, outcome: Outcome, surface: readonly SurfacedField[]): SettledOutcome {
  switch (outcome.kind) {
    case 'completed':
      return COMPLETED
    case 'cancelled':
      return CANCELLED
    case 'failed':
      return { kind: 'failed', failure: failure(run, outcome.error, surface) }
    default:
      // A payload written by somebody else may hold a backoff that is none.
      return { kind: outcome.kind, delayMs: Number.isFinite(outcome.delayMs) ? outcome.delayMs : 0 }
  }
}

/** Of whatever was thrown: there are values that refuse to become text, and they must not stop the worker. */
function failure(run: JobRun, error: unknown, surface: readonly SurfacedField[]): Failure {
  const surfaced = (data: unknown) => surfacedText(surface, data)
  try {
    return failureOf(run.job, error, surfaced)
  } catch (cause) {
    return failureOf(run.job, new Error('The handler threw a value that cannot be shown', { cause }), surfaced)
  }
}

/** The history row of a run, as it stands now or as it ended. */
export function historyRow(run: JobRun, outcome: NewRun['outcome'], line: string | null): NewRun {
  const notes = run.notesSoFar
  return {
    uuid: run.uuid,
    name: run.name,
    queue: run.job.queue,
    attempt: run.job.attempts,
    worker: run.settler?.worker ?? 0,
    startedAt: wallTime(run.startedAt),
    endedAt: outcome === 'running' ? null : wallTime(run.endedAt),
    outcome,
    headline: line,
    progress: notes?.progress ?? null,
    note: notes?.note ?? null,
    log: notes?.lines ?? [],
    result: null,
    keepUntil: null,
  }
}

/** One line on why a run ended as it did, or null. */
export function headlineOf(run: JobRun): string | null {
  const settled = run.written?.outcome
  if (settled?.kind === 'failed') return settled.failure.headline
  if (run.outcome?.kind !== 'retry') return null
  try {
    return headline(exceptionText(run.outcome.error)).slice(0, 500)
  } catch {
    return 'a value that cannot be shown'
  }
}

function keptRun(run: JobRun, outcome: Outcome, settled: SettledOutcome, keepMs: number): NewRun {
  const row = historyRow(run, outcome.kind, settled.kind === 'failed' ? settled.failure.headline : null)
  row.keepUntil = (row.endedAt ?? Date.now()) + keepMs
  return outcome.kind === 'completed' ? { ...row, ...resultText(run.result) } : row
}

/** The work is done: a result that cannot be kept is no reason to do it again. */
export function resultText(result: unknown): { result: string } | { note: string } {
  try {
    const text = JSON.stringify(result) ?? 'null'
    if (text.length <= LARGEST_RESULT) return { result: text }
    return { note: `the result was not kept: ${text.length} characters are more than ${LARGEST_RESULT}` }
  } catch (error) {
    return { note: `the result was not kept: it is not JSON (${String(error)})` }
  }
}

/** Characters the store has to write beside the row itself; what bounds a batch. */
export function weight({ outcome, run }: JobOutcome): number {
  const failure = outcome.kind === 'failed' ? outcome.failure : undefined
  const texts = failure
    ? failure.exception.length + (failure.payload?.length ?? 0) + (failure.surfaced?.length ?? 0)
    : 0
  const kept = run ? (run.result?.length ?? 0) + run.log.reduce((sum, line) => sum + line.length, 0) : 0
  return 64 + texts + kept
}

/**
 * An outcome the store refused, in a form it can take. First without characters and lengths that databases refuse; then
 * under a uuid of its own and with the least text, since another failed job may have this uuid. The third time as it is.
 */
export function mended(whole: JobOutcome, payload: string, mends: number): JobOutcome {
  const { outcome, run, ...rest } = whole
  const keep = run && mends === 1 ? { run: cleanRun(run) } : {}
  if (outcome.kind !== 'failed') return { ...rest, outcome, ...keep }
  const failure = mends === 1 ? cleanFailure(outcome.failure, payload) : leastFailure(outcome.failure, payload, mends)
  return { ...rest, outcome: { kind: 'failed', failure }, ...keep }
}

function cleanFailure(failure: Failure, payload: string): Failure {
  const stored = failure.payload ?? payload
  return {
    ...failure,
    uuid: clean(failure.uuid, 36),
    exception: clean(failure.exception, 16_000),
    name: failure.name === null ? null : clean(failure.name, 191),
    headline: clean(failure.headline, 250),
    surfaced: failure.surfaced === null || UNFIT.test(failure.surfaced) ? null : failure.surfaced,
    ...(UNFIT.test(stored) || failure.payload !== undefined ? { payload: clean(stored) } : {}),
  }
}

function leastFailure(failure: Failure, payload: string, mends: number): Failure {
  if (mends > 2) return failure
  const uuid = uuidv7()
  const plain = clean(failure.payload ?? payload)
  return {
    ...failure,
    uuid,
    payload: renamed(plain, uuid),
    exception: `${failure.headline}\n(the full text could not be stored; the job was ${failure.uuid})`,
    surfaced: null,
  }
}

/** A text that is no JSON object has no uuid to be renamed. */
function renamed(payload: string, uuid: string): string {
  const own = uuidOf(payload)
  return own === null ? withUuid(payload, uuid) : payload.replace(JSON.stringify(own), () => JSON.stringify(uuid))
}

/** A history row without what text columns refuse. */
export function cleanRun(run: NewRun): NewRun {
  const result = run.result !== null && UNFIT.test(run.result) ? null : run.result
  return {
    ...run,
    headline: run.headline === null ? null : clean(run.headline, 250),
    note: run.note === null ? null : clean(run.note, 500),
    log: run.log.map((line) => clean(line)),
    result,
  }
}

/** NUL bytes and halves of surrogate pairs: what text columns of some databases refuse. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for
const UNFIT = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

function clean(text: string, most = Number.POSITIVE_INFINITY): string {
  const fit = text.replaceAll('\u0000', '').toWellFormed()
  return fit.length > most ? fit.slice(0, most).toWellFormed() : fit
}
