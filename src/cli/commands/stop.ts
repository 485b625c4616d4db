import type { Command } from 'commander'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('[names...]', 'processes (pool:pool_00) or groups (pool:*); all of the installation if left out')
    .option('--supervisor', 'end the supervisor too')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      `
Running jobs finish within the grace, the rest goes back to its queue. The supervisor stays, and starts nothing of it before
faena start. To let no more jobs of a queue start, on all hosts: faena pause.
Exit codes: 0 stopped, 3 no supervisor runs or nothing is called so.`,
    )
    .addHelpText(
      'after',
      examples([
        ["faena stop 'arconte-worker:*'", 'one pool'],
        ['faena stop --supervisor', 'all of it, and the supervisor'],
      ]),
    )
    .action((names: string[], { supervisor }: { supervisor?: boolean }) =>
      runner.onSupervisor(command, async ({ output, ask }) => {
        if (supervisor && names.length > 0) command.error('error: --supervisor ends all of it; leave out the names.')
        const answer = await ask({ command: supervisor ? 'shutdown' : 'stop', names })
        output.document(answer)
        if (supervisor) output.info('The supervisor ends when its processes have finished their jobs.')
      }),
    )
}
