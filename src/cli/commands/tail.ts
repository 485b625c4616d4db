import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('<name>', 'a process: pool:pool_00')
    .option('-f, --follow', 'go on with what it prints from now on')
    .option('-n, --lines <number>', 'lines of the past (default: 20)', wholeOption(0, 100_000))
    .addHelpText(
      'after',
      '\nAll of it, turned over at 10 MiB, is in logs/ of the data folder.\nExit codes: 0, 3 no supervisor runs or nothing is called so.',
    )
    .addHelpText(
      'after',
      examples([['faena tail -f arconte-worker:arconte-worker_00', 'what this process prints, until Ctrl+C']]),
    )
    .action((name: string, { follow, lines }: { follow?: boolean; lines?: number }) =>
      runner.onSupervisor(command, async ({ ask }) => {
        const stop = () => process.exit(EXIT.ok)
        if (follow) process.once('SIGINT', stop)
        await ask({ command: 'tail', names: [name], follow, lines })
        process.off('SIGINT', stop)
      }),
    )
}
