import { resolve } from 'node:path'
import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { examples, wholeOption } from '../options.ts'
import { outputOn } from '../output.ts'
import type { Runner } from '../runner.ts'

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
    .action((names: string[]) => {
      const { concurrency, config, verbose } = command.optsWithGlobals<StartOptions>()
      return runner.bare(async ({ streams }) => {
        const { isSupervised, supervised } = await import('../supervised.ts')
        // The configuration is left to the processes that need it: a parent that only watches stays small.
        if (names.length > 0 || (await isSupervised(streams.env))) {
          const { ask } = supervised(streams.env, config, outputOn(streams, false))
          const { failed } = await ask<{ failed: number }>({ command: 'start', names })
          return failed > 0 ? EXIT.error : EXIT.ok
        }
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
