import type { ApiCode } from './codes.ts'

/**
 * How often somebody unknown was refused, by code, since this server began. They have no entries in the audit: whoever
 * invents requests would fill it.
 */
export class Refusals {
  readonly #counts = new Map<ApiCode, number>()

  add(code: ApiCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  /** In the text form of Prometheus. */
  text(): string {
    const name = 'faena_anonymous_refusals_total'
    const samples = [...this.#counts].sort().map(([code, count]) => `${name}{code="${code}"} ${count}\n`)
    return `# HELP ${name} Requests of unknown callers that this server refused.\n# TYPE ${name} counter\n${samples.join('')}`
  }
}
