import { fingerprint, headline } from '../core/exception.ts'
import { tryReadPayload } from '../core/payload.ts'
import type { FailedJob, FailedLabel } from '../store.ts'

const LONGEST_HEADLINE = 500

/** What stands beside a failed job, made from the row alone, and the same as `failureOf` makes for a job that fails here. */
export function labelOf(
  { id, uuid, payload, exception }: Pick<FailedJob, 'id' | 'uuid' | 'payload' | 'exception'>,
  surface: (data: unknown) => string | null = () => null,
): FailedLabel {
  const read = tryReadPayload(payload)
  const name = read?.name ?? read?.displayName ?? null
  return {
    id,
    uuid,
    name,
    fingerprint: fingerprint(name ?? 'corrupt', exception),
    headline: headline(exception).slice(0, LONGEST_HEADLINE),
    surfaced: read ? surface(read.data) : null,
  }
}
