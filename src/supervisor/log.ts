import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

const RING_BYTES = 256 * 1_024
const FILE_BYTES = 10 * 1_024 * 1_024
const KEPT_FILES = 3
/** What may wait for a slow disk; beyond that, lines are dropped: the jobs go on. */
const WAITING_BYTES = 4 * 1_024 * 1_024

/**
 * What the processes of one name printed: the last lines in memory, for `faena tail`, and all of it in a file, turned over
 * at 10 MiB, three old ones kept. A disk that is full or slow costs lines, never jobs.
 */
export class ProcessLog {
  readonly path: string
  readonly #say: (line: string) => void
  readonly #followers = new Set<(line: string) => void>()
  #ring: string[] = []
  #ringBytes = 0
  #waiting: string[] = []
  #waitingBytes = 0
  #writing: Promise<void> | undefined
  #file: FileHandle | undefined
  #fileBytes = 0
  #complained = false
  #closed = false

  constructor(path: string, say: (line: string) => void) {
    this.path = path
    this.#say = say
  }

  add(line: string): void {
    this.#ring.push(line)
    this.#ringBytes += line.length + 1
    while (this.#ringBytes > RING_BYTES && this.#ring.length > 1)
      this.#ringBytes -= (this.#ring.shift() ?? '').length + 1
    for (const follower of this.#followers) follower(line)
    if (this.#waitingBytes > WAITING_BYTES) return
    this.#waiting.push(line)
    this.#waitingBytes += line.length + 1
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  /** The last lines, oldest first. */
  last(count: number): string[] {
    return count === 0 ? [] : this.#ring.slice(-count)
  }

  /** Calls `follower` with each line from now on. Returns what ends it. */
  follow(follower: (line: string) => void): () => void {
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }

  /** Resolves when the file has all of it. What is printed later, by one that outlived its parent, is still written. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#shut()
  }

  async #shut(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => {})
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = `${this.#waiting.join('\n')}\n`
      this.#waiting = []
      this.#waitingBytes = 0
      try {
        await this.#append(Buffer.from(text))
        this.#complained = false
      } catch (error) {
        if (!this.#complained) this.#say(`${this.path} cannot be written: ${(error as Error).message}`)
        this.#complained = true
        await this.#shut()
      }
    }
    if (this.#closed) await this.#shut()
  }

  async #append(bytes: Buffer): Promise<void> {
    if (this.#file !== undefined && this.#fileBytes + bytes.length > FILE_BYTES) await this.#turnOver()
    if (this.#file === undefined) {
      await mkdir(dirname(this.path), { recursive: true })
      this.#file = await open(this.path, 'a', 0o640)
      this.#fileBytes = (await this.#file.stat()).size
    }
    await this.#file.appendFile(bytes)
    this.#fileBytes += bytes.length
  }

  async #turnOver(): Promise<void> {
    await this.#shut()
    for (let at = KEPT_FILES; at >= 1; at--) {
      const from = at === 1 ? this.path : `${this.path}.${at - 1}`
      await rename(from, `${this.path}.${at}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }
}
