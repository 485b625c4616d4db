import type { Command } from 'commander'
import { DEFAULT_QUEUE } from '../../core/job.ts'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { mayGoOn } from '../ask.ts'
import { counted, inBulk } from '../bulk.ts'
import { checkConnection } from '../connection-name.ts'
import { examples, listOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface ClearOptions {
  queue?: string[]
  force?: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('[connection]', 'name of the connection, as Laravel takes it')
    .option('--queue <names>', 'the queues to clear, joined by commas (default: default)', listOption)
    .option('--force', 'without asking; needed in production')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nRemoves pending, delayed and reserved jobs for good. Failed jobs stay (faena flush deletes those).',
    )
    .addHelpText('after', examples([['faena clear --queue orders', 'asks first, on a terminal']]))
    .action((connection: string | undefined, options: ClearOptions) =>
      runner.onStore(command, (session) => clear(session, connection, options)),
    )
}

async function clear(
  session: Session,
  given: string | undefined,
  { queue: queues = [DEFAULT_QUEUE], force }: ClearOptions,
): Promise<number> {
  const { admin, output, connection, streams } = session
  checkConnection(given, connection.name, 'Queues are named with --queue')
  const names = queues.map(safe).join(', ')
  const goOn = await mayGoOn(output, streams, {
    question: `Remove all pending, delayed and reserved jobs of [${names}]?`,
    force: force ?? false,
  })
  if (!goOn) {
    output.warn('Nothing was removed.')
    return EXIT.error
  }
  let cleared = 0
  let complete = true
  for (const queue of queues) {
    const done = await inBulk(output, `clearing ${safe(queue)}`, (bulk) => admin.clear(queue, bulk))
    cleared += done.changed
    complete &&= done.complete
    if (!complete) break
  }
  output.document({ queues, cleared, complete })
  if (complete)
    output.info(`Cleared ${counted(cleared, 'job')} from the [${names}] ${queues.length === 1 ? 'queue' : 'queues'}.`)
  else output.warn(`Interrupted after ${counted(cleared, 'job')}.`)
  return EXIT.ok
}
