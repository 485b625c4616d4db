import { LONGEST_TIMER, steadyNow } from './clock.ts'

/** One timer that rings at the earliest of the times it was set to. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Rings in `ms` at the latest. */
  within(ms: number): void {
    const at = steadyNow() + ms
    if (at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(
      () => {
        this.#at = Number.POSITIVE_INFINITY
        this.#ring()
      },
      Math.min(Math.max(Math.ceil(ms), 1), LONGEST_TIMER),
    )
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#at = Number.POSITIVE_INFINITY
  }
}
