import { resolve } from 'node:path'
import type { Command } from 'commander'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'

interface StartOptions {
  concurrency?: number
  config?: string
  verbose?: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--concurrency <number>', 'jobs at once (default: 10)', wholeOption(1, 10_000))
    .addHelpText(
      'after',
      '\nRuns a worker for all queues of the configured handlers, the scheduler, the management API and the\ndashboard (faena serve --help), on SQLite if nothing else is configured.',
    )
    .addHelpText(
      'after',
      examples([['faena start', 'in a folder with a faena.config.ts, or in an empty one; the dashboard at port 8080']]),
    )
    .action(() => {
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
