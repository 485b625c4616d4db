import type { Command } from 'commander'
import { failedJson, groupJson } from '../json.ts'
import { examples, wholeOption } from '../options.ts'
import { collected } from '../paging.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface FailedOptions {
  queue?: string
  job?: string
  error?: string
  fingerprint?: string
  groups?: boolean
  limit?: number
}

const SHOWN = 50

export function define(command: Command, runner: Runner): void {
  command
    .option('--queue <name>', 'only this queue')
    .option('--job <name>', 'only jobs of this name')
    .option('--error <text>', 'only those whose exception holds this text, whatever its case')
    .option('--fingerprint <print>', 'only failures of one kind, as --groups names it')
    .option('--groups', 'kinds of failures with their counts, most first')
    .option('--limit <number>', `how many at most; 0 for all (default: ${SHOWN}, with --json all)`, wholeOption(0))
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        ['faena failed', 'newest first'],
        ['faena failed --groups', 'what went wrong how often'],
        ["faena failed --error 'gone away' --json", 'as data; the ids go to faena retry'],
      ]),
    )
    .action((options: FailedOptions) => runner.onStore(command, (session) => failed(session, options)))
}

async function failed(session: Session, options: FailedOptions): Promise<void> {
  const { admin, output } = session
  if (options.groups) return groups(session, options)
  const limit = options.limit ?? (output.json ? 0 : SHOWN)
  const { rows, more } = await collected(limit, (page) => admin.failed(filterOf(options), page))
  output.document(rows.map(failedJson))
  if (rows.length === 0) return output.info('No failed jobs found.')
  output.line()
  for (const row of rows) {
    const place = output.style.dim(`${safe(row.connection)}@${safe(row.queue)}`)
    output.dotted(
      `${output.style.dim(row.failedAtText)} ${safe(row.uuid)}`,
      `${place} ${output.style.bold(safe(row.displayName))}`,
    )
    const surfaced = Object.entries(row.surfaced).map(([name, value]) => `${name} ${safe(String(value))}`)
    output.line(`    ${[output.style.bad(safe(row.headline)), ...surfaced].join('  ')}`)
  }
  const total = more ? await admin.countFailed(filterOf(options)) : rows.length
  output.line(
    `\n  ${rows.length} of ${total}${more ? '; --limit 0 shows all' : ''}. faena show <id> says all of one, faena retry <id> brings it back.`,
  )
}

async function groups({ admin, output, clock }: Session, options: FailedOptions): Promise<void> {
  const rows = await admin.groups(filterOf(options), options.limit || SHOWN)
  output.document(rows.map(groupJson))
  if (rows.length === 0) return output.info('No failed jobs found.')
  output.table(
    [
      { title: 'COUNT', align: 'right', cell: ({ count }) => String(count) },
      { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
      { title: 'JOB', cell: ({ name }) => output.style.bold(safe(name ?? '')) },
      { title: 'LAST', cell: ({ lastAt }) => clock.text(lastAt) },
      { title: 'WHAT', cell: ({ headline }) => output.style.bad(safe(headline)) },
    ],
    rows,
  )
  output.line(`\n  faena retry --fingerprint <print> brings all of one kind back.`)
}

function filterOf({ queue, job: name, error, fingerprint }: FailedOptions) {
  return { queue, name, error, fingerprint }
}
