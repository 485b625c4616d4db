import type { Command } from 'commander'
import type { Changes } from '../../supervisor/supervisor.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', '\nReads the configuration and says what is different; faena update takes it over.')
    .addHelpText('after', examples([['faena reread', 'what faena update would add, change and remove']]))
    .action(() =>
      runner.onSupervisor(command, async ({ output, ask }) => {
        const changes = await ask<Changes>({ command: 'reread', names: [] })
        output.document(changes)
        for (const name of changes.added) output.line(`${name}: available`)
        for (const name of changes.changed) output.line(`${name}: changed`)
        for (const name of changes.removed) output.line(`${name}: disappeared`)
        if (Object.values(changes).flat().length === 0) output.line('No config updates to processes')
      }),
    )
}
