import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'

interface Answer {
  number: number
  rows?: Record<string, unknown>[]
  error?: string
}

/**
 * A connection to a server whose statements are over when the call returns, as those of SQLite are: tests look at tables
 * between two steps, and read better for it. A thread asks; this one stands still until the answer is there.
 */
export class WaitingClient {
  readonly #worker: Worker
  readonly #port: MessagePort
  /** The number of the last statement that was answered. */
  readonly #answered = new Int32Array(new SharedArrayBuffer(4))
  #asked = 0

  constructor(kind: 'postgres' | 'mysql', url: string) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = new Worker(new URL(`./waiting-${kind}.ts`, import.meta.url), {
      workerData: { url, port: port2, answered: this.#answered },
      transferList: [port2],
      execArgv: [],
    })
    this.#worker.unref()
    port1.unref()
  }

  all<Row>(text: string, values: readonly unknown[] = []): Row[] {
    const number = ++this.#asked
    this.#port.postMessage({ number, text, values })
    // The word that an answer is there may come once more, later: what counts is the number that stands there.
    for (let last = 0; last !== number; last = Atomics.load(this.#answered, 0)) {
      if (Atomics.wait(this.#answered, 0, last, 30_000) === 'timed-out') throw new Error(`no answer to: ${text}`)
    }
    const { rows, error } = this.#answerTo(number)
    if (rows === undefined) throw new Error(`${error}, at: ${text}`)
    return rows as Row[]
  }

  /** Answers that came too late for whoever waited for them lie before it. */
  #answerTo(number: number): Answer {
    for (;;) {
      const answer = receiveMessageOnPort(this.#port)!.message as Answer
      if (answer.number === number) return answer
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
