import { resolve } from 'node:path'
import type { Command } from 'commander'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

interface SuperviseOptions {
  config?: string
  json?: boolean
  verbose?: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', "lines of workers as JSON, with Laravel's keys")
    .addHelpText(
      'after',
      `
Keeps the pools of worker processes running that faena.config.ts names (pools), else one process that serves what faena work
would. faena ps, start, stop, restart, reread, update and tail steer it from any shell of the same user, over a socket
in the data folder. SIGTERM and SIGINT let running jobs finish within the grace, a second one ends at once.
Exit codes: 0 ended as asked, 1 error (another supervisor has the data folder), 2 bad usage or configuration.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena supervise', 'in the foreground, for systemd, Docker or a terminal'],
        ["faena restart 'worker:*'", 'after a deployment: new processes first, then the old ones leave'],
      ]),
    )
    .action(() => {
      const { config, json, verbose } = command.optsWithGlobals<SuperviseOptions>()
      return runner.bare(async ({ streams }) => {
        const { runSupervisor } = await import('../run-supervisor.ts')
        return runSupervisor({ config: config === undefined ? undefined : resolve(config), json, verbose }, streams)
      })
    })
}
