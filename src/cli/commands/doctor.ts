import type { Command } from 'commander'
import type { Finding } from '../../store.ts'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { counted } from '../bulk.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', '\nExit code 4 if it finds a problem; warnings alone give 0.')
    .addHelpText(
      'after',
      examples([['faena doctor', 'database, queues without workers, stuck jobs, late schedules, …']]),
    )
    .action(() => runner.onStore(command, doctor))
}

async function doctor({ admin, output }: Session): Promise<number> {
  const findings = await admin.doctor()
  output.document(findings)
  for (const finding of findings) print(output, finding)
  const problems = findings.filter(({ level }) => level === 'problem').length
  const warnings = findings.filter(({ level }) => level === 'warning').length
  output.line(`\n  ${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`)
  return problems > 0 ? EXIT.alert : EXIT.ok
}

function print({ line, style }: Session['output'], { level, topic, text, remedy }: Finding): void {
  const mark = { ok: style.good('ok     '), warning: style.warning('warning'), problem: style.bad('problem') }[level]
  line(`  ${mark}  ${style.bold(topic)}: ${safe(text)}`)
  if (remedy !== undefined) line(`           ${style.dim('→')} ${safe(remedy)}`)
}
