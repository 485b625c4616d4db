import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'

interface Answer {
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
  readonly #signal = new Int32Array(new SharedArrayBuffer(4))

  constructor(kind: 'postgres' | 'mysql', url: string) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = new Worker(new URL(`./waiting-${kind}.ts`, import.meta.url), {
      workerData: { url, port: port2, signal: this.#signal },
      transferList: [port2],
      execArgv: [],
    })
    this.#worker.unref()
    port1.unref()
  }

  all<Row>(text: string, values: readonly unknown[] = []): Row[] {
    Atomics.store(this.#signal, 0, 0)
    this.#port.postMessage({ text, values })
    if (Atomics.wait(this.#signal, 0, 0, 30_000) === 'timed-out') throw new Error(`no answer to: ${text}`)
    const { rows, error } = receiveMessageOnPort(this.#port)!.message as Answer
    if (rows === undefined) throw new Error(`${error}, at: ${text}`)
    return rows as Row[]
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
