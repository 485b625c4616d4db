import type { Command } from 'commander'
import type { JobView } from '../../client/view.ts'
import type { JobFilter } from '../../store.ts'
import { jobJson } from '../json.ts'
import { examples, wholeOption } from '../options.ts'
import { collected } from '../paging.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'
import { surfacedColumns } from '../surfaced.ts'

interface JobsOptions {
  queue?: string
  job?: string
  status?: JobFilter['status']
  search?: string
  oldest?: boolean
  limit: number
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--queue <name>', 'only this queue')
    .option('--job <name>', 'only jobs of this name')
    .option('--status <status>', 'only pending, due, delayed or reserved ones')
    .option('--search <text>', 'only those whose payload holds this text (reads them all)')
    .option('--oldest', 'oldest first instead of newest')
    .option('--limit <number>', 'how many at most; 0 for all', wholeOption(0), 50)
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        ['faena jobs --queue orders --status delayed', 'what waits for its time'],
        ['faena jobs --status reserved --oldest', 'what has been running for longest'],
      ]),
    )
    .action((options: JobsOptions) => runner.onStore(command, (session) => jobs(session, options)))
}

async function jobs({ admin, output, clock }: Session, options: JobsOptions): Promise<void> {
  const { queue, job: name, status, search, limit } = options
  const order = options.oldest ? 'oldest' : 'newest'
  const { rows, more } = await collected(limit, (page) =>
    admin.jobs({ queue, name, status, search }, { ...page, order }),
  )
  output.document(rows.map(jobJson))
  if (rows.length === 0) return output.info('No jobs found.')
  const { style } = output
  const columns = [
    { title: 'ID', align: 'right' as const, cell: (row: JobView) => String(row.id) },
    { title: 'JOB', cell: (row: JobView) => style.bold(safe(row.displayName)) },
    { title: 'QUEUE', cell: (row: JobView) => safe(row.queue) },
    { title: 'STATUS', cell: (row: JobView) => (row.status === 'reserved' ? style.warning(row.status) : row.status) },
    { title: 'ATTEMPTS', align: 'right' as const, cell: attempts },
    { title: 'DUE AT', cell: (row: JobView) => clock.text(row.availableAt) },
    ...surfacedColumns(rows),
    { title: 'UUID', cell: (row: JobView) => style.dim(safe(row.uuid ?? '-')) },
  ]
  output.table(columns, rows)
  if (more) output.line(`\n  There are more; --limit shows them.`)
}

/** `2/3`: attempts so far and how many there may be. */
function attempts({ attempts, maxAttempts }: JobView): string {
  if (maxAttempts === null) return String(attempts)
  return `${attempts}/${maxAttempts === 0 ? '∞' : maxAttempts}`
}
