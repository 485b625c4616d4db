import type { Command } from 'commander'
import { toldOf } from '../altering.ts'
import { inBulk } from '../bulk.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('<ids...>', 'row ids or uuids of delayed jobs')
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', examples([['faena run-now 42', 'the job is due at once']]))
    .action((ids: string[]) =>
      runner.onStore(command, async ({ admin, output }) => {
        const done = await inBulk(output, 'changing', (bulk) => admin.runNow(ids, bulk))
        return toldOf(output, done, 'made_due', 'they run already')
      }),
    )
}
