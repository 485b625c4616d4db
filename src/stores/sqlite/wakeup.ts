import { type FSWatcher, watch } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** While others write, how often it is looked whether a commit of theirs has become visible. */
const LOOK_MS = 1
/** How long after the last change looking goes on; after that the file itself must tell. */
const ALERT_MS = 20
/** How often it is looked all the same while nothing is told: some file systems never do. */
const BACKSTOP_MS = 250

/**
 * Tells listeners that jobs may be due: in the turn in which this process pushed, and within a millisecond or two when another
 * connection committed to the file. Idle it costs next to nothing: the operating system tells when the log was written to.
 *
 *   alert ──no change for ALERT_MS──▶ resting ──the log was written, or the backstop saw a change──▶ alert
 *
 * The log is written before its commit can be seen, so the alarm of the file only says that looking is worth it; whether
 * there was a commit, `pragma data_version` says.
 */
export class Wakeup {
  readonly #listeners = new Set<() => void>()
  readonly #path: string
  #database: DatabaseSync | undefined
  #version: () => number = () => 0
  #waking = false
  #seen = 0
  #changedAt = 0
  #looking: NodeJS.Timeout | undefined
  #watcher: FSWatcher | undefined

  constructor(path: string) {
    this.#path = path
  }

  listen(wake: () => void): () => void {
    this.#listeners.add(wake)
    this.#open()
    return () => {
      this.#listeners.delete(wake)
      if (this.#listeners.size === 0) this.close()
    }
  }

  /** At the end of this turn of the event loop, once: what was pushed in it is on its way to the disk before anybody looks. */
  wake(): void {
    if (this.#waking || this.#listeners.size === 0) return
    this.#waking = true
    setImmediate(() => {
      this.#waking = false
      this.#tell()
    })
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        // A listener's mistake is not the push's that woke it, and the others are woken all the same.
        process.emitWarning(error instanceof Error ? error : String(error))
      }
    }
  }

  close(): void {
    clearInterval(this.#looking)
    this.#looking = undefined
    this.#watcher?.close()
    this.#watcher = undefined
    this.#database?.close()
    this.#database = undefined
  }

  #open(): void {
    if (this.#database || this.#path === ':memory:') return
    try {
      // A connection of its own: the store's own writes would not show on the store's.
      this.#database = new DatabaseSync(this.#path, { readOnly: true })
      const statement = this.#database.prepare('pragma data_version')
      statement.setReturnArrays(true)
      this.#version = () => (statement.get() as unknown as [number])[0]
      this.#seen = this.#version()
    } catch {
      // The file is gone or busy. A hint is not promised, and whoever polls finds the jobs.
    }
    this.#beAlert()
  }

  #beAlert(): void {
    if (!this.#database) return
    this.#watcher?.close()
    this.#watcher = undefined
    this.#changedAt = performance.now()
    this.#every(LOOK_MS, () => {
      if (this.#look()) this.#changedAt = performance.now()
      else if (performance.now() - this.#changedAt > ALERT_MS) this.#rest()
    })
  }

  #rest(): void {
    this.#every(BACKSTOP_MS, () => {
      if (this.#look()) this.#beAlert()
    })
    try {
      this.#watcher = watch(`${this.#path}-wal`, { persistent: false }, () => {
        this.#beAlert()
        // Mostly the commit can be seen by now; else the next look sees it.
        this.#look()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No alarm to be had here (the log's file is gone, or too many are watched): the backstop alone is left.
    }
    // What was written between the last look and the alarm's being set would be told to nobody.
    if (this.#look()) this.#beAlert()
  }

  #every(ms: number, look: () => void): void {
    clearInterval(this.#looking)
    this.#looking = setInterval(look, ms)
    this.#looking.unref()
  }

  /** Wakes, and answers true, if another connection committed since the last look. */
  #look(): boolean {
    try {
      const version = this.#version()
      if (version === this.#seen) return false
      this.#seen = version
    } catch {
      // Busy for a moment: waking once too often is harmless, missing a change is not.
    }
    this.#tell()
    return true
  }
}
