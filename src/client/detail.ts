import { exactJson } from '../core/exact-json.ts'
import { tryReadPayload } from '../core/payload.ts'
import { commandOf, shownInput } from '../laravel/command.ts'
import type { Run } from '../store.ts'
import { type FailedRow, failedRow, type JobRow, jobRow, type RowOptions } from './rows.ts'
import type { FailedView, JobView } from './view.ts'

/** What of an attempt is shown. */
export interface RunRow {
  attempt: number
  outcome: Run['outcome']
  worker: number
  started_at_human: string
  ended_at_human: string | null
  duration_ms: number | null
  headline: string | null
  progress: number | null
  note: string | null
  log: readonly string[]
  result: unknown
}

interface PayloadDetail {
  /** The payload with its secrets masked, or as it is; a text where it is no JSON. */
  payload: unknown
  /** How the job's input can be read: plain JSON, or a command of Laravel's. */
  payload_kind: 'json' | 'serialized' | 'encrypted' | 'unreadable' | 'corrupt'
  masked: boolean
  /** Attempts that history still holds, newest first. */
  runs: RunRow[]
}

export interface JobDetail extends JobRow, PayloadDetail {
  reserved_by: number | null
  max_exceptions: number | null
  timeout_ms: number | null
  retry_until_human: string | null
  unique_key: string | null
}

export interface FailedDetail extends FailedRow, PayloadDetail {
  connection: string
  headline: string
  /** In full. */
  exception: string
}

export function jobDetail(view: JobView, now: number, runs: readonly Run[], options: RowOptions): JobDetail {
  const { clock, masker } = options
  const read = tryReadPayload(view.payload)
  const key = read?.faena.unique?.key ?? null
  const until = read?.retryUntil ?? null
  return {
    ...jobRow(view, now, options),
    ...payloadDetail(view.payload, runs, options),
    reserved_by: view.reservedBy,
    max_exceptions: read?.maxExceptions ?? null,
    timeout_ms: read?.timeoutMs ?? null,
    retry_until_human: until === null ? null : clock.text(until),
    unique_key: key === null || masker === null ? key : masker.text(key),
  }
}

export function failedDetail(view: FailedView, runs: readonly Run[], options: RowOptions): FailedDetail {
  const { masker } = options
  const text = (value: string) => (masker ? masker.text(value) : value)
  return {
    ...failedRow(view, options),
    ...payloadDetail(view.payload, runs, options),
    connection: view.connection,
    headline: text(view.headline),
    exception: text(view.exception),
  }
}

function payloadDetail(text: string, runs: readonly Run[], { clock, masker }: RowOptions): PayloadDetail {
  const shown = payloadShown(text)
  return {
    payload: masker ? masker.value(shown) : shown,
    payload_kind: kindOf(text),
    masked: masker !== null,
    runs: runs.map((run) => {
      const safe = (value: string | null) => (value === null || masker === null ? value : masker.text(value))
      const result = parsed(run.result)
      return {
        attempt: run.attempt,
        outcome: run.outcome,
        worker: run.worker,
        started_at_human: clock.text(run.startedAt),
        ended_at_human: run.endedAt === null ? null : clock.text(run.endedAt),
        duration_ms: run.endedAt === null ? null : run.endedAt - run.startedAt,
        headline: safe(run.headline),
        progress: run.progress,
        note: safe(run.note),
        log: masker ? run.log.map(masker.text) : run.log,
        result: masker ? masker.value(result) : result,
      }
    }),
  }
}

/** The whole payload with what can be read of a serialized command in the place of its text. */
export function payloadShown(text: string): unknown {
  const read = parsed(text)
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return read
  const payload = read as Record<string, unknown>
  return 'data' in payload ? { ...payload, data: shownInput(payload.data) } : payload
}

function kindOf(text: string): PayloadDetail['payload_kind'] {
  const read = tryReadPayload(text)
  if (read === undefined) return 'corrupt'
  return commandOf(read.data)?.kind ?? 'json'
}

function parsed(text: string | null): unknown {
  if (text === null) return null
  try {
    return exactJson(text)
  } catch {
    return text
  }
}
