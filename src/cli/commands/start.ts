import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import { supervised } from '../supervised.ts'

interface StartOptions {
  concurrency?: number
  config?: string
  verbose?: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('[names...]', 'processes (pool:pool_00) or groups (pool:*) of the supervisor of this folder')
    .option('--concurrency <number>', 'jobs at once (default: 10)', wholeOption(1, 10_000))
    .addHelpText(
      'after',
      `
Runs a worker for all queues of the configured handlers, the scheduler, the management API and the
dashboard (faena serve --help), on SQLite if nothing else is configured. Where a supervisor runs for this folder (faena supervise), it starts instead what was stopped
there, or what is named, and lifts a quarantine.
Exit codes: 0; 1 a process did not come to work; 3 nothing is called so, or names were given and no supervisor runs.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena start', 'in a folder with a faena.config.ts, or in an empty one; the dashboard at port 8080'],
        ["faena start 'arconte-worker:*'", 'a pool of the supervisor that runs here'],
      ]),
    )
    .action(async (names: string[]) => {
      if (names.length > 0 || (await isSupervised())) {
        return runner.onSettings(command, async (setting) => {
          const { failed } = await supervised<{ failed: number }>(setting, { command: 'start', names })
          return failed > 0 ? EXIT.error : EXIT.ok
        })
      }
      const { concurrency, config, verbose } = command.optsWithGlobals<StartOptions>()
      return runner.bare(async ({ streams }) => {
        const { keepStarted } = await import('../keep-working.ts')
        const path = config === undefined ? undefined : resolve(config)
        return keepStarted(
          { kind: 'start', name: 'default', concurrency, verbose, config: path },
          { config: path, besideWorker: true },
          streams,
        )
      })
    })
}

/** The configuration is left to the processes that need it: a parent that only watches stays small. */
async function isSupervised(): Promise<boolean> {
  const folder = process.env.FAENA_DATA || '.faena'
  const { socketPath } = await import('../../supervisor/socket-path.ts')
  const { askSupervisor } = await import('../../supervisor/control-client.ts')
  if (process.platform !== 'win32' && !existsSync(socketPath(folder))) return false
  return (await askSupervisor(folder, { command: 'ps', names: [] })) !== undefined
}
