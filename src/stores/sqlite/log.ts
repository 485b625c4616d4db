import { close, fdatasync, openSync } from 'node:fs'

/**
 * The write-ahead log of one database, brought to the disk by a thread of Node's pool instead of the thread that commits:
 * the event loop goes on meanwhile, and whatever is committed while one sync runs is covered by the next. A commit whose
 * caller waits for `synced` is as durable as one at synchronous FULL, which makes the same call inside the commit; what a
 * checkpoint moves to the database meanwhile, SQLite itself syncs at NORMAL. The file stays the same one as long as a
 * connection is open.
 */
export class Log {
  readonly #path: string
  #file: number | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(database: string) {
    this.#path = `${database}-wal`
  }

  /** Resolves when everything committed before the call is on the disk; rejects with the system's error. */
  synced(): Promise<void> {
    if (this.#running === undefined) return this.#sync()
    // What runs may have begun before this commit was written.
    this.#next ??= this.#running.then(
      () => this.#sync(),
      () => this.#sync(),
    )
    return this.#next
  }

  /** Waits for what runs. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next])
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) await new Promise<void>((resolve) => close(file, () => resolve()))
  }

  #sync(): Promise<void> {
    this.#next = undefined
    this.#running = new Promise<void>((resolve, reject) => {
      this.#file ??= openSync(this.#path, 'r+')
      fdatasync(this.#file, (error) => (error ? reject(error) : resolve()))
    }).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }
}
