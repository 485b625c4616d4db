import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('<id>', 'row id or uuid of a job')
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', examples([['faena why 42', 'paused? delayed? no worker? behind others? reserved by whom?']]))
    .action((id: string) => runner.onStore(command, (session) => why(session, id)))
}

async function why({ admin, output }: Session, id: string): Promise<number> {
  const answer = await admin.why(id)
  output.document(answer)
  output.line(`Job ${answer.ref} is ${output.style.bold(answer.state)}.`)
  for (const { text } of answer.reasons) output.line(`  - ${safe(text)}`)
  return answer.state === 'gone' ? EXIT.notFound : EXIT.ok
}
