import { fingerprint, headline } from './exception.ts'
import { tryReadPayload } from './payload.ts'

const LONGEST_HEADLINE = 500

/** What a failed job is found by in lists. */
export interface Label {
  id: number
  uuid: string
  name: string | null
  fingerprint: string
  headline: string
  /** Surfaced fields as JSON object text. */
  surfaced: string | null
}

/** What stands beside a failed job, made from the row alone, and the same as `failureOf` makes for a job that fails here. */
export function labelOf(
  { id, uuid, payload, exception }: { id: number; uuid: string; payload: string; exception: string },
  surface: (data: unknown) => string | null = () => null,
): Label {
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

/** A row may be seen so much later than one of a larger id, where it was written by a transaction that took its time. */
const LATECOMERS_MS = 60_000

/**
 * Up to which id all failed jobs are labelled, so that not all of a large table has to be looked at each time. Known in
 * this process only: a new one looks through everything once.
 */
export class Labelled {
  #above = 0
  #passed: { bound: number; at: number } | undefined

  /** Look at larger ids only. */
  get above(): number {
    return this.#above
  }

  /** Nothing was left to label up to `bound`, which was the largest id before the look. `at`: ms that only ever grow. */
  complete(bound: number, at: number): void {
    if (this.#passed === undefined) this.#passed = { bound, at }
    else if (at - this.#passed.at >= LATECOMERS_MS) {
      this.#above = this.#passed.bound
      this.#passed = { bound, at }
    }
  }
}
