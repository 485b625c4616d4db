import { closeSync, openSync, writeSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { WallClock } from '../core/wallclock.ts'

export interface DailyFileOptions {
  folder: string
  /** Days that stay, today included; 0 = all. */
  keepDays: number
  /** Whose midnight begins a new file. */
  clock: WallClock
  /** Told once of each trouble; lines wait meanwhile, as many as there is room for. */
  onTrouble(error: unknown): void
  now?: () => number
}

interface OpenFile {
  day: string
  path: string
  handle: FileHandle
  lookAt: number
}

const GATHER_MS = 40
const GATHERED = 64 * 1_024
/** Characters that wait while the file cannot be written. */
const MOST_WAITING = 4 * 1_024 * 1_024
/** So many stay where there are more. */
const KEPT_WAITING = 3.5 * 1_024 * 1_024
const RETRY_MS = 1_000
/** How often it is asked whether somebody moved or deleted the file that is open. */
const LOOK_MS = 5_000
const FORM = /^faena-(\d{4}-\d\d-\d\d)\.log$/

/**
 * `faena-YYYY-MM-DD.log` in a folder, one file a day, which any number of processes append to: each write is of whole
 * lines and goes to the end of the file, wherever others have moved it by then (O_APPEND), so no lines mix. Nothing is ever
 * renamed, so nobody writes into a file of the past; whoever opens a new day's file deletes those past their time.
 *
 * Writing happens in the background. A disk that is full or gone stops nobody: lines wait, then the oldest are dropped,
 * and the file says how many once it can be written again.
 */
export class DailyFile {
  readonly #options: DailyFileOptions
  readonly #now: () => number
  #lines: string[] = []
  #length = 0
  #lost = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #file: OpenFile | undefined
  #day = ''
  #dayUntil = 0
  #troubled = false

  constructor(options: DailyFileOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Lines with their ends. */
  write(text: string): void {
    this.#lines.push(text)
    this.#length += text.length
    if (this.#length > MOST_WAITING) this.#dropOldest()
    this.#schedule()
  }

  #schedule(): void {
    if (this.#writing !== undefined) return
    if (this.#length > GATHERED && !this.#troubled) void this.#flush()
    else this.#timer ??= setTimeout(() => void this.#flush(), this.#troubled ? RETRY_MS : GATHER_MS).unref()
  }

  /** Writes what is left and closes. What cannot be written now is gone. */
  async end(): Promise<void> {
    await this.#writing
    await this.#flush()
    clearTimeout(this.#timer)
    await this.#file?.handle.close().catch(() => {})
    this.#file = undefined
  }

  /** For the very end of a process that had no time for `end`: what waits is written before this returns, if it can be. */
  endNow(): void {
    if (this.#lines.length === 0) return
    try {
      const file = openSync(this.#pathOf(this.#today()), 'a', 0o640)
      writeSync(file, this.#taken())
      closeSync(file)
    } catch {
      // There is nobody left to tell.
    }
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
      if (this.#lines.length > 0) this.#schedule()
    })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0) {
      const [lines, length, lost] = [this.#lines, this.#length, this.#lost]
      const text = this.#taken()
      try {
        await writeWhole(await this.#open(), text)
        this.#troubled = false
      } catch (error) {
        // Of a write that got through in part, the first lines may stand there twice: better than not at all.
        this.#lines = [...lines, ...this.#lines]
        this.#length += length
        this.#lost += lost
        if (!this.#troubled) this.#options.onTrouble(error)
        this.#troubled = true
        await this.#file?.handle.close().catch(() => {})
        this.#file = undefined
        return
      }
    }
  }

  #taken(): string {
    const note = this.#lost === 0 ? '' : `${JSON.stringify(lostLine(this.#lost, this.#now()))}\n`
    const text = note + this.#lines.join('')
    this.#lines = []
    this.#length = 0
    this.#lost = 0
    return text
  }

  #dropOldest(): void {
    let dropped = 0
    while (this.#length > KEPT_WAITING) this.#length -= this.#lines[dropped++]!.length
    this.#lines.splice(0, dropped)
    this.#lost += dropped
  }

  async #open(): Promise<FileHandle> {
    const day = this.#today()
    const open = this.#file
    if (open !== undefined && open.day === day && (await this.#isThere(open))) return open.handle
    await open?.handle.close().catch(() => {})
    this.#file = undefined
    await mkdir(this.#options.folder, { recursive: true })
    const path = this.#pathOf(day)
    this.#file = { day, path, handle: await openToAppend(path), lookAt: this.#now() + LOOK_MS }
    if (open?.day !== day) await this.#deleteOld(day)
    return this.#file.handle
  }

  /** Whether the path still leads to what is open: a deleted or moved file takes lines that nobody finds. */
  async #isThere(file: OpenFile): Promise<boolean> {
    const now = this.#now()
    if (now < file.lookAt) return true
    file.lookAt = now + LOOK_MS
    const [at, opened] = await Promise.all([stat(file.path).catch(() => undefined), file.handle.stat()])
    return at !== undefined && at.ino === opened.ino && at.dev === opened.dev
  }

  async #deleteOld(today: string): Promise<void> {
    const { keepDays, folder } = this.#options
    if (keepDays === 0) return
    const oldest = dayBefore(today, keepDays - 1)
    for (const name of await readdir(folder).catch(() => [])) {
      const day = FORM.exec(name)?.[1]
      // Another process may have been faster.
      if (day !== undefined && day < oldest) await rm(join(folder, name), { force: true }).catch(() => {})
    }
  }

  #today(): string {
    const now = this.#now()
    if (now >= this.#dayUntil || now < this.#dayUntil - 1_000) {
      this.#day = this.#options.clock.text(now).slice(0, 10)
      this.#dayUntil = (Math.floor(now / 1_000) + 1) * 1_000
    }
    return this.#day
  }

  #pathOf(day: string): string {
    return join(this.#options.folder, `faena-${day}.log`)
  }
}

/** Others may read what the owner's group may: lines name people and orders. */
function openToAppend(path: string): Promise<FileHandle> {
  return open(path, 'a', 0o640)
}

async function writeWhole(handle: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10)
}

function lostLine(lines: number, now: number): Record<string, unknown> {
  const time = new Date(now).toISOString()
  return { level: 'error', time, pid: process.pid, event: 'lost', msg: `${lines} lines could not be written here` }
}
