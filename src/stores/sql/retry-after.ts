/** In Laravel's skeleton. */
const USUAL_MS = 90_000

/**
 * Laravel's `retry_after`: its workers take any job that has been reserved for longer, whatever lease it is under. Where they
 * share the table of jobs, `reserved_at` of what runs is therefore renewed; everywhere else it says when a job was reserved.
 */
export class RetryAfter {
  /** As configured: then PHP shares the table, whatever it looks like. */
  readonly given: number | undefined
  readonly #madeByLaravel: () => Promise<boolean>
  #shared: Promise<boolean> | undefined

  constructor(given: number | undefined, madeByLaravel: () => Promise<boolean>) {
    this.given = given
    this.#madeByLaravel = madeByLaravel
  }

  /** Undefined where PHP does not share the table. Looked for once. */
  async ms(): Promise<number | undefined> {
    if (this.given !== undefined) return this.given
    this.#shared ??= this.#madeByLaravel().catch((error: unknown) => {
      this.#shared = undefined
      throw error
    })
    return (await this.#shared) ? USUAL_MS : undefined
  }

  /** After a migration. */
  forget(): void {
    this.#shared = undefined
  }
}

/** `reserved_at` is renewed once it is a third of that time old. */
export function renewedAfterSeconds(retryAfterMs: number): number {
  return Math.floor(retryAfterMs / 3_000)
}
