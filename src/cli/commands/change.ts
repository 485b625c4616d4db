import type { Command } from 'commander'
import { toldOf } from '../altering.ts'
import { inBulk } from '../bulk.ts'
import { dateOption, durationOption, examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'

interface ChangeOptions {
  delay?: number
  at?: Date
  priority?: number
  queue?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('<ids...>', 'row ids or uuids of waiting jobs')
    .option('--delay <time>', 'due so long from now: seconds, or 5m, 2h, 1d', durationOption)
    .option('--at <time>', 'due at this instant, such as 2026-01-05T08:30:00Z', dateOption)
    .option('--priority <number>', 'smaller runs first, 0 is normal', wholeOption(-32_768, 32_767))
    .option('--queue <name>', 'move to this queue')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        ['faena change 42 --priority -10', 'before its neighbours'],
        ['faena change 42 43 --delay 1h --queue slow', 'later, elsewhere'],
      ]),
    )
    .action((ids: string[], { delay, at: availableAt, priority, queue }: ChangeOptions) =>
      runner.onStore(command, async ({ admin, output }) => {
        const change = { delay, availableAt, priority, queue }
        const done = await inBulk(output, 'changing', (bulk) => admin.change(ids, change, bulk))
        return toldOf(output, done, 'changed', 'they run already')
      }),
    )
}
