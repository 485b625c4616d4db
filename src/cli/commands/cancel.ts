import type { Command } from 'commander'
import { toldOf } from '../altering.ts'
import { inBulk } from '../bulk.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('<ids...>', 'row ids or uuids of waiting or running jobs')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      "\nA running job's handler is told within two seconds (its signal aborts); its outcome then counts for nothing.",
    )
    .addHelpText('after', examples([['faena cancel 42 43', 'removes both jobs for good']]))
    .action((ids: string[]) =>
      runner.onStore(command, async ({ admin, output }) => {
        const done = await inBulk(output, 'cancelling', (bulk) => admin.cancel(ids, bulk))
        return toldOf(output, done, 'cancelled', 'they could not be removed')
      }),
    )
}
