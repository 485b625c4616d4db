/** Looks, sleeps as long as the look said, looks again. A stop ends a sleep at once and waits for a look under way. */
export class Loop {
  readonly #look: () => Promise<number>
  #stopped = false
  #running: Promise<void> | undefined
  #wake = () => {}

  /** `look` never rejects, and answers how many ms to sleep. */
  constructor(look: () => Promise<number>) {
    this.#look = look
  }

  get stopped(): boolean {
    return this.#stopped
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** For good: a stopped loop does not start again. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped) await this.#sleep(await this.#look())
  }

  #sleep(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Tells what goes wrong, and the same trouble with the same thing only once until it is over: a log that can be read. */
export class Troubles {
  readonly #onError: (error: unknown) => void
  readonly #told = new Map<string, string>()

  constructor(onError: (error: unknown) => void = () => {}) {
    this.#onError = onError
  }

  tell(about: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (this.#told.get(about) === text) return
    this.#told.set(about, text)
    this.report(error)
  }

  /** Tells it each time. Where even that fails nobody is left to be told, and the loop must go on. */
  report(error: unknown): void {
    try {
      this.#onError(error)
    } catch {}
  }

  over(about: string): void {
    this.#told.delete(about)
  }
}
