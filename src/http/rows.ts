import type { FailedView, JobView } from '../client/view.ts'
import { headline } from '../core/exception.ts'
import type { SurfacedField } from '../core/surface.ts'
import type { Services } from './services.ts'

/** Rows as the contract has them, from what the admin shows. `now` is unix ms by the store's clock. */
export function jobRowOf(job: JobView, { clock, defaultTries, surface }: Services, now: number) {
  return {
    id: job.id,
    queue: job.queue,
    attempts: job.attempts,
    max_attempts: job.maxAttempts ?? defaultTries,
    job_class: job.displayName,
    ...surfacedOf(surface, job.surfaced),
    created_at_human: clock.text(job.createdAt),
    available_at_human: clock.text(job.availableAt),
    reserved_at_human: job.reservedAt === null ? null : clock.text(job.reservedAt),
    age_seconds: Math.max(0, Math.floor((now - job.createdAt) / 1_000)),
    priority: job.priority,
    delayed: job.status === 'delayed',
    uuid: job.uuid,
    tags: textsOf(job.tags),
  }
}

export function failedRowOf(job: FailedView, { surface }: Services) {
  return {
    id: job.id,
    queue: job.queue,
    job_class: job.displayName,
    ...surfacedOf(surface, job.surfaced),
    exception_short: shortened(job.exception),
    failed_at: failedAtOf(job),
    uuid: job.uuid,
    tags: textsOf(job.tags),
  }
}

/** The table's own text, without what a database may add behind the seconds. */
export function failedAtOf({ failedAtText }: FailedView): string {
  return failedAtText.slice(0, 19).replace('T', ' ')
}

const LONGEST_SHOWN = 100

/** The headline, cut; `...` whenever the exception holds more than is shown. */
export function shortened(exception: string): string {
  const line = headline(exception).trimEnd()
  const shown = [...line.slice(0, LONGEST_SHOWN * 2)].slice(0, LONGEST_SHOWN).join('')
  return shown.length < exception.trimEnd().length ? `${shown}...` : shown
}

/** Each configured field stands in each row, null where a job has none. */
function surfacedOf(
  fields: readonly SurfacedField[],
  found: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name }) => [name, Object.hasOwn(found, name) ? found[name] : null]))
}

/** Payloads of other writers may hold anything under `tags`. */
function textsOf(tags: readonly unknown[]): string[] {
  return tags.filter((tag) => typeof tag === 'string')
}
