import type { Masker } from '../core/mask.ts'
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
  /** Null: unmasked, which whoever asks for must be allowed to, and leaves a trace. */
  masker: Masker | null
}

const SHORT = 100
/** Characters that are looked through for secrets: a first line may be as long as the exception. */
const LONGEST = 10_000

/** `now`: unix ms by the store's clock. */
export function jobRow(view: JobView, now: number, { surface, clock, defaultTries, masker }: RowOptions): JobRow {
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
    tags: tagsOf(view, masker),
  }
}

export function failedRow(view: FailedView, { surface, masker }: Pick<RowOptions, 'surface' | 'masker'>): FailedRow {
  return {
    id: view.id,
    queue: view.queue,
    job_class: view.jobClass,
    ...fieldsOf(view, surface),
    exception_short: exceptionShort(view, masker),
    failed_at: view.failedAtText,
    uuid: view.uuid,
    name: view.name,
    fingerprint: view.fingerprint,
    tags: tagsOf(view, masker),
  }
}

/** Masked before it is cut: half a secret would not be known for one. Cut between characters, never inside one. */
function exceptionShort({ headline, exception }: FailedView, masker: Masker | null): string {
  const head = headline.slice(0, LONGEST)
  const shown = masker ? masker.text(head) : head
  const signs = [...shown.slice(0, 2 * SHORT)]
  const short = signs.length > SHORT ? signs.slice(0, SHORT).join('') : shown.slice(0, 2 * SHORT)
  const more = short.length < shown.length || head.length < exception.trimEnd().length
  return more ? `${short}...` : short
}

function tagsOf({ tags }: { tags: readonly string[] }, masker: Masker | null): readonly string[] {
  return masker ? tags.map(masker.text) : tags
}

function fieldsOf(view: { surfaced: Readonly<Record<string, unknown>> }, surface: readonly SurfacedField[]) {
  return Object.fromEntries(surface.map(({ name }) => [name, view.surfaced[name] ?? null]))
}
