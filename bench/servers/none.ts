import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Place } from '../contestant.ts'
import type { Server } from './server.ts'

/** SQLite has no server: a place is a folder, and what it costs is the worker's own. */
export async function noServer(): Promise<Server> {
  return {
    version: `SQLite ${process.versions.sqlite}`,
    place: async () => ({ url: '', folder: folder() }),
    drop: async (place) => removeFolder(place),
    rest: async () => {},
    counters: async () => ({ cpuMs: 0, logBytes: Number.NaN, logSyncs: Number.NaN }),
    memoryMiB: () => 0,
    stop: async () => {},
  }
}

export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'faena-bench-'))
}

export function removeFolder({ folder: path }: Place): void {
  rmSync(path, { recursive: true, force: true })
}
