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
      '\nRuns a worker for all queues of the configured handlers and the scheduler, on SQLite if nothing else is configured.',
    )
    .addHelpText('after', examples([['faena start', 'in a folder with a faena.config.ts, or in an empty one']]))
    .action(() => {
      const { concurrency, config, verbose } = command.optsWithGlobals<StartOptions>()
      return runner.bare(async ({ streams }) => {
        const { keepWorking } = await import('../keep-working.ts')
        return keepWorking(
          {
            kind: 'start',
            name: 'default',
            concurrency,
            verbose,
            config: config === undefined ? undefined : resolve(config),
          },
          streams,
        )
      })
    })
}
