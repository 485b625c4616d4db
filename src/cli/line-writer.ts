/**
 * Lines to a stream, gathered for a moment: a worker that ends thousands of jobs a second must not make a system call for
 * each. What is left is written by `flush`, which every ending calls.
 */
export class LineWriter {
  readonly #stream: NodeJS.WriteStream
  #lines: string[] = []
  #length = 0
  #timer: NodeJS.Timeout | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  line(text: string): void {
    this.write(`${text}\n`)
  }

  /** Text with its line ends. */
  write(text: string): void {
    this.#lines.push(text)
    this.#length += text.length
    if (this.#length > LONGEST) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines.length === 0) return
    this.#stream.write(this.#lines.join(''))
    this.#lines = []
    this.#length = 0
  }

  /** Resolves when the system has taken all of it, so that the process may end. */
  end(): Promise<void> {
    this.flush()
    return new Promise((resolve) => this.#stream.write('', () => resolve()))
  }
}

const GATHER_MS = 40
const LONGEST = 64 * 1_024
