/** So many at a time under each key; whoever comes then waits for his turn, first come first. */
export class Turns {
  readonly #most: number
  readonly #lines = new Map<string, { busy: number; waiting: (() => void)[] }>()

  constructor(most: number) {
    this.#most = most
  }

  async take<Value>(key: string, act: () => Promise<Value>): Promise<Value> {
    const line = this.#lines.get(key) ?? { busy: 0, waiting: [] }
    this.#lines.set(key, line)
    if (line.busy < this.#most) line.busy += 1
    // Whoever ends hands his place on, so that nobody who has just come takes it.
    else await new Promise<void>((resolve) => line.waiting.push(resolve))
    try {
      return await act()
    } finally {
      const next = line.waiting.shift()
      if (next !== undefined) next()
      else line.busy -= 1
      if (line.busy === 0) this.#lines.delete(key)
    }
  }
}
