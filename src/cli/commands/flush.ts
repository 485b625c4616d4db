import type { Command } from 'commander'
import { inBulk } from '../bulk.ts'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface FlushOptions {
  hours?: number
  queue?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--hours <number>', 'only jobs that failed at least so many hours ago', wholeOption(0, 87_600))
    .option('--queue <name>', 'only jobs of this queue')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        ['faena flush', 'deletes all failed jobs for good'],
        ['faena flush --hours 48', 'only those that failed two days ago or earlier'],
      ]),
    )
    .action((options: FlushOptions) => runner.onStore(command, (session) => flush(session, options)))
}

async function flush({ admin, output }: Session, { hours, queue }: FlushOptions): Promise<void> {
  const done = await inBulk(output, 'deleting', (bulk) => admin.flush({ hours, queue }, bulk))
  output.document({ deleted: done.changed, complete: done.complete })
  if (!done.complete) return output.warn(`Interrupted after ${done.changed} failed jobs; the same command goes on.`)
  const of = queue === undefined ? '' : ` of queue [${safe(queue)}]`
  output.info(
    hours === undefined
      ? `All failed jobs${of} deleted successfully.`
      : `All jobs${of} that failed more than ${hours} hours ago have been deleted successfully.`,
  )
}
