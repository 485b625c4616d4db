import type { Command } from 'commander'
import { examples } from '../options.ts'
import { queuesMeant } from '../queues-meant.ts'
import type { Runner } from '../runner.ts'
import { safe } from '../style.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('[queues...]', 'queues, also as connection:queue')
    .option('--all', 'every queue that is known now')
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', examples([['faena resume orders', 'ends the pause']]))
    .action((words: string[], { all }: { all?: boolean }) =>
      runner.onStore(command, async (session) => {
        const { admin, output, connection } = session
        const queues = await queuesMeant(session, words, all ?? false)
        for (const queue of queues) {
          await admin.resume(queue)
          output.info(`Job processing on queue [${safe(`${connection.name}:${queue}`)}] has been resumed.`)
        }
        output.document({ resumed: queues })
      }),
    )
}
