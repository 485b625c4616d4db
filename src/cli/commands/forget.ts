import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { counted } from '../bulk.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('<ids...>', 'uuids or ids of failed jobs')
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', examples([['faena forget 17', 'deletes the failed job for good']]))
    .action((ids: string[]) => runner.onStore(command, (session) => forget(session, ids)))
}

async function forget({ admin, output }: Session, ids: readonly string[]): Promise<number> {
  const { changed, missing } = await admin.forget(ids)
  output.document({ deleted: changed, missing })
  for (const ref of missing) {
    output.error(ids.length === 1 ? 'No failed job matches the given ID.' : `No failed job matches the ID [${ref}].`)
  }
  if (changed === 1) output.info('Failed job deleted successfully.')
  else if (changed > 1) output.info(`${counted(changed, 'failed job')} deleted successfully.`)
  return missing.length > 0 ? EXIT.notFound : EXIT.ok
}
