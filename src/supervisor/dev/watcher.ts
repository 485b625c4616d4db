import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { basename, join, resolve } from 'node:path'

const SOURCE = /\.([cm]?[jt]sx?|json)$|^\.env/
/** What is not written by hand, or not part of the application. */
const PASSED_OVER = new Set(['node_modules', 'dist', 'build', 'coverage', 'vendor', 'logs'])
/** An editor writes a file in several steps, a branch is checked out as many files. */
const GATHER_MS = 150

/**
 * Tells of changed source files below a folder. Each folder is watched by itself, which works alike on every system and
 * leaves out node_modules, where a recursive watch would count a hundred thousand files.
 */
export class Watcher {
  readonly #passedOver: readonly string[]
  readonly #changed: (files: readonly string[]) => void
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #files = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(folder: string, passedOver: readonly string[], changed: (files: readonly string[]) => void) {
    this.#passedOver = passedOver.map((path) => resolve(path))
    this.#changed = changed
    this.#add(resolve(folder))
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #add(folder: string): void {
    if (this.#watchers.has(folder) || this.#passedOver.includes(folder)) return
    let entries: { name: string; isDirectory(): boolean }[]
    try {
      const watcher = watch(folder, (_event, name) => this.#hear(folder, name))
      watcher.on('error', () => this.#remove(folder))
      this.#watchers.set(folder, watcher)
      entries = readdirSync(folder, { withFileTypes: true })
    } catch {
      // It is gone already, or may not be read.
      this.#remove(folder)
      return
    }
    for (const entry of entries) if (entry.isDirectory() && isOwn(entry.name)) this.#add(join(folder, entry.name))
  }

  #remove(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #hear(folder: string, name: string | null): void {
    if (name === null) return
    const path = join(folder, name)
    if (isOwn(basename(name)) && !SOURCE.test(name)) {
      // Perhaps a new folder; a file cannot be watched as one, and says so.
      try {
        readdirSync(path)
        this.#add(path)
      } catch {
        this.#remove(path)
      }
    }
    if (!SOURCE.test(basename(name))) return
    this.#files.add(path)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const files = [...this.#files]
      this.#files.clear()
      this.#changed(files)
    }, GATHER_MS)
  }
}

function isOwn(name: string): boolean {
  return !name.startsWith('.') && !PASSED_OVER.has(name)
}
