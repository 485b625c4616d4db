import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      `
Reads the configuration and takes it over: new pools start, changed ones are replaced process by process, the new before the
old, and those that are gone finish their jobs within the grace. A configuration that does not load changes nothing.
Exit codes: 0 done, 1 a new process did not come to work (the old ones stay), 2 the configuration is wrong, 3 no supervisor runs.`,
    )
    .addHelpText('after', examples([['faena update', 'after a change of pools in faena.config.ts']]))
    .action(() =>
      runner.onSupervisor(command, async ({ output, ask }) => {
        const answer = await ask<{ failed: number }>({ command: 'update', names: [] })
        output.document(answer)
        return answer.failed > 0 ? EXIT.error : EXIT.ok
      }),
    )
}
