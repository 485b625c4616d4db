import type { Command } from 'commander'
import { examples } from '../options.ts'
import { queuesMeant } from '../queues-meant.ts'
import type { Runner } from '../runner.ts'
import { safe } from '../style.ts'

interface PauseOptions {
  all?: boolean
  reason?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('[queues...]', 'queues, also as connection:queue')
    .option('--all', 'every queue that is known now')
    .option('--reason <text>', 'shown to whoever asks why nothing runs')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nWorkers finish the jobs they have and start no more of a paused queue. Dispatching goes on.',
    )
    .addHelpText('after', examples([["faena pause orders --reason 'shop is down'", 'until faena resume orders']]))
    .action((words: string[], { all, reason }: PauseOptions) =>
      runner.onStore(command, async (session) => {
        const { admin, output, connection } = session
        const queues = await queuesMeant(session, words, all ?? false)
        for (const queue of queues) {
          await admin.pause(queue, reason)
          output.info(`Job processing on queue [${safe(`${connection.name}:${queue}`)}] has been paused.`)
        }
        output.document({ paused: queues })
      }),
    )
}
