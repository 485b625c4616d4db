import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FaenaError } from '../../core/errors.ts'

/**
 * The first release without the defect by which two connections that write and checkpoint at the same moment can corrupt
 * a database in WAL mode (https://sqlite.org/wal.html, "WAL-reset bug").
 */
export const WAL_SAFE_VERSION = '3.51.3'

/** How often each file is held by this process, and how it is let go. */
const held = new Map<string, { count: number; database: DatabaseSync }>()

/**
 * Keeps every other process away from `path` for as long as this one holds it, by an exclusive lock on a file beside it
 * that the operating system lifts if we die. Returns what lets it go. Throws STORE_UNSAFE where another process was first.
 */
export function holdAlone(path: string, version: string): () => void {
  const file = `${realPath(path)}-alone`
  const known = held.get(file)
  if (known) known.count++
  else held.set(file, { count: 1, database: lock(file, path, version) })
  let gone = false
  return () => {
    const holding = held.get(file)
    if (gone || !holding) return
    gone = true
    if (--holding.count > 0) return
    held.delete(file)
    holding.database.close()
  }
}

/** One file has one lock, whichever links lead to it. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return join(realpathSync(dirname(path)), basename(path))
  }
}

function lock(file: string, path: string, version: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive; commit')
    return database
  } catch (cause) {
    database.close()
    if (!isLocked(cause)) throw cause
    throw new FaenaError(
      'STORE_UNSAFE',
      `Another process, or another thread of this one, uses ${path}, and this Node's SQLite ${version} can corrupt a database that two processes write to. ` +
        `Use a Node with SQLite ${WAL_SAFE_VERSION} or later (node -p process.versions.sqlite), or run everything in one process.`,
      { cause },
    )
  }
}

function isLocked(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === 5
}

export function versionAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split('.').map(Number))
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
