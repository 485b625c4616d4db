/**
 * Reads the configuration for a supervisor, which itself loads none of the application's code: it stays small, reads anew
 * what a module cache would keep, and a configuration that does not load harms nobody. Never imported.
 */
import { loadConfiguration } from './config.ts'
import { errorText, exitCodeFor } from './errors.ts'
import type { ReadAnswer } from './supervision.ts'

async function read(): Promise<ReadAnswer> {
  try {
    const { settings, path } = await loadConfiguration(process.env, process.argv[2] || undefined)
    const { pools, processes, data, url, timezone, connection, sync, warnings } = settings
    return { kind: 'read', supervision: { pools, processes, data, url, timezone, connection, sync, warnings, path } }
  } catch (error) {
    return { kind: 'refused', text: errorText(error, false), code: exitCodeFor(error) }
  }
}

const answer = await read()
process.send?.(answer, undefined, undefined, () => process.exit())
