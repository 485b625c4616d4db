import type { SurfacedField } from '../core/surface.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { FailedView, JobView } from './view.ts'

/**
 * A job as the management API lists it, under the keys that its clients hold. Surfaced fields stand beside these under
 * their own names, each with its JSON type, null where the job has none.
 */
export interface JobRow {
  id: number
  queue: string
  attempts: number
  max_attempts: number
  /** As the payload has it: displayName, else data.commandName, else job. */
  job_class: string
  /** `YYYY-MM-DD HH:MM:SS` in the configured zone, as every time below. */
  created_at_human: string
  available_at_human: string
  reserved_at_human: string | null
  age_seconds: number
  uuid: string | null
  name: string | null
  status: 'due' | 'delayed' | 'reserved'
  priority: number
  tags: readonly string[]
  [surfaced: string]: unknown
}

export interface FailedRow {
  id: number
  queue: string
  job_class: string
  /** The headline, at most 100 characters of it; `...` where the exception holds more. */
  exception_short: string
  /** The table's own text. */
  failed_at: string
  uuid: string
  name: string | null
  fingerprint: string | null
  tags: readonly string[]
  [surfaced: string]: unknown
}

export interface RowOptions {
  surface: readonly SurfacedField[]
  clock: WallClock
  /** Attempts of jobs that say nothing themselves. */
  defaultTries: number
}

const SHORT = 100

/** `now`: unix ms by the store's clock. */
export function jobRow(view: JobView, now: number, { surface, clock, defaultTries }: RowOptions): JobRow {
  return {
    id: view.id,
    queue: view.queue,
    attempts: view.attempts,
    max_attempts: view.maxAttempts ?? defaultTries,
    job_class: view.jobClass,
    ...fieldsOf(view, surface),
    created_at_human: clock.text(view.createdAt),
    available_at_human: clock.text(view.availableAt),
    reserved_at_human: view.reservedAt === null ? null : clock.text(view.reservedAt),
    age_seconds: Math.max(0, Math.floor(now / 1_000) - Math.floor(view.createdAt / 1_000)),
    uuid: view.uuid,
    name: view.name,
    status: view.status,
    priority: view.priority,
    tags: view.tags,
  }
}

export function failedRow(view: FailedView, { surface }: Pick<RowOptions, 'surface'>): FailedRow {
  return {
    id: view.id,
    queue: view.queue,
    job_class: view.jobClass,
    ...fieldsOf(view, surface),
    exception_short: exceptionShort(view.headline, view.exception),
    failed_at: view.failedAtText,
    uuid: view.uuid,
    name: view.name,
    fingerprint: view.fingerprint,
    tags: view.tags,
  }
}

/** Cut between characters, never inside one. */
export function exceptionShort(headline: string, exception: string): string {
  const signs = [...headline.slice(0, 2 * SHORT)]
  const short = signs.length > SHORT ? signs.slice(0, SHORT).join('') : headline.slice(0, 2 * SHORT)
  return short.length < exception.trimEnd().length ? `${short}...` : short
}

function fieldsOf(view: { surfaced: Readonly<Record<string, unknown>> }, surface: readonly SurfacedField[]) {
  return Object.fromEntries(surface.map(({ name }) => [name, view.surfaced[name] ?? null]))
}
