import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { counted } from '../bulk.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Supervised } from '../supervised.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('[names...]', 'processes (pool:pool_00) or groups (pool:*) of the supervisor of this folder')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      `
Call it after a deployment: workers that run have the old code in memory. Without names all workers of the database are told, on
whatever machine, as Laravel's queue:restart does. Those of a supervisor are replaced one by one, the new process at work before
the old one leaves after its current jobs; where the new one does not come to work, the old ones stay.
Exit codes: 0; with names 1 a new process did not come to work, 3 no supervisor runs or nothing is called so.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena restart', 'all workers of this database, on whatever machine'],
        ["faena restart 'arconte-worker:*'", 'a pool of the supervisor of this folder; answers when it is done'],
      ]),
    )
    .action((names: string[]) => {
      if (names.length > 0) return runner.onSupervisor(command, (supervised) => restartNamed(supervised, names))
      return runner.onStore(command, async ({ admin, output }) => {
        const told = await admin.restart()
        output.document({ workers: told })
        output.info('Broadcasting queue restart signal.')
        output.line(
          told === 0
            ? '  No worker is alive.'
            : `  ${counted(told, 'worker')} will end after the current jobs and start anew.`,
        )
      })
    })
}

async function restartNamed({ output, ask }: Supervised, names: readonly string[]): Promise<number> {
  const answer = await ask<{ failed: number }>({ command: 'restart', names })
  output.document(answer)
  return answer.failed > 0 ? EXIT.error : EXIT.ok
}
