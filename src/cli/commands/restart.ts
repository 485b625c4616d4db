import type { Command } from 'commander'
import { counted } from '../bulk.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', '\nCall it after a deployment: workers that run have the old code in memory.')
    .addHelpText('after', examples([['faena restart', 'all workers of this database, on whatever machine']]))
    .action(() =>
      runner.onStore(command, async ({ admin, output }) => {
        const told = await admin.restart()
        output.document({ workers: told })
        output.info('Broadcasting queue restart signal.')
        output.line(
          told === 0
            ? '  No worker is alive.'
            : `  ${counted(told, 'worker')} will end after the current jobs and start anew.`,
        )
      }),
    )
}
