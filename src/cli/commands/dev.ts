import { resolve } from 'node:path'
import type { Command } from 'commander'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

interface DevOptions {
  config?: string
  verbose?: boolean
  watch: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--no-watch', 'do not start API and worker anew when files change')
    .addHelpText(
      'after',
      `
For a developer's machine: runs the API, a worker with the scheduler, and the commands that faena.config.ts lists as processes,
each line with its name before it. API and worker start anew when a source file changes; whatever dies is started anew. What
has a readiness check comes before the API and the worker. Ctrl+C stops all of it, a second one at once.`,
    )
    .addHelpText(
      'after',
      examples([['faena dev', "processes: { web: 'npm run dev', db: { command: '…', ready: { tcp: 5432 } } }"]]),
    )
    .action(() => {
      const { config, verbose, watch } = command.optsWithGlobals<DevOptions>()
      return runner.bare(async ({ streams }) => {
        const { runDev } = await import('../run-dev.ts')
        return runDev({ config: config === undefined ? undefined : resolve(config), watch, verbose }, streams)
      })
    })
}
