import { statSync } from 'node:fs'
import type { Finding } from '../../store.ts'
import type { Context } from './context.ts'
import { schemaVersion } from './migrations.ts'
import { versionAtLeast, WAL_SAFE_VERSION } from './safety.ts'

const MIB = 1024 * 1024
const LARGE_LOG_MIB = 256
const LARGE_ENOUGH_TO_SKIP_CHECK_MIB = 256

/** What `faena doctor` says of a SQLite file. */
export function diagnosing({ connection }: Context, newest: number): () => Promise<Finding[]> {
  return async () => {
    const findings: Finding[] = []
    const version = connection.serverVersion
    findings.push(
      versionAtLeast(version, WAL_SAFE_VERSION)
        ? { level: 'ok', topic: 'sqlite version', text: `SQLite ${version}: several processes may write` }
        : {
            level: 'warning',
            topic: 'sqlite version',
            text: `SQLite ${version} has a WAL defect with several writers; a second process is refused`,
            remedy: `Use a Node whose SQLite is ${WAL_SAFE_VERSION} or later (node -p process.versions.sqlite).`,
          },
    )
    const journal = String(connection.get('pragma journal_mode')?.journal_mode)
    findings.push(
      journal === 'wal' || connection.inMemory
        ? { level: 'ok', topic: 'journal', text: `journal_mode ${journal}` }
        : {
            level: 'problem',
            topic: 'journal',
            text: `journal_mode is ${journal}: readers and writers block one another`,
            remedy: 'Move the file off a network file system; WAL needs shared memory on one machine.',
          },
    )
    const schema = await connection.read(() => schemaVersion(connection))
    findings.push(
      schema === newest
        ? { level: 'ok', topic: 'schema', text: `schema version ${schema}` }
        : {
            level: 'problem',
            topic: 'schema',
            text: `schema version ${schema}, this Faena needs ${newest}`,
            remedy: 'Run faena migrate.',
          },
    )
    if (!connection.inMemory) findings.push(...fileFindings(connection.path), ...integrity())
    return findings
  }

  function fileFindings(path: string): Finding[] {
    const size = mib(path)
    const log = mib(`${path}-wal`)
    const text = `${path}: ${size.toFixed(1)} MiB, log ${log.toFixed(1)} MiB`
    if (log <= LARGE_LOG_MIB) return [{ level: 'ok', topic: 'file', text }]
    const remedy = 'A reader that never ends keeps the log from being reset: look for an open transaction on the file.'
    return [{ level: 'warning', topic: 'file', text, remedy }]
  }

  function integrity(): Finding[] {
    if (mib(connection.path) > LARGE_ENOUGH_TO_SKIP_CHECK_MIB) {
      const remedy = 'Run: sqlite3 FILE "pragma quick_check"'
      return [{ level: 'ok', topic: 'integrity', text: 'not checked, the file is large', remedy }]
    }
    const result = String(Object.values(connection.get('pragma quick_check(1)') ?? {})[0])
    if (result === 'ok') return [{ level: 'ok', topic: 'integrity', text: 'quick_check ok' }]
    return [
      {
        level: 'problem',
        topic: 'integrity',
        text: result,
        remedy: 'Stop all workers, keep a copy of the file, restore a backup.',
      },
    ]
  }
}

function mib(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / MIB
}
