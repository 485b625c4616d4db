import type { Command } from 'commander'
import { spoken } from '../../core/duration.ts'
import type { Run, RunOutcome } from '../../store.ts'
import { runJson } from '../json.ts'
import { examples, wholeOption } from '../options.ts'
import { collected } from '../paging.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface RunsOptions {
  queue?: string
  job?: string
  outcome?: RunOutcome
  limit: number
}

const OUTCOMES: readonly RunOutcome[] = ['completed', 'retry', 'failed', 'released', 'cancelled', 'running', 'crashed']

export function define(command: Command, runner: Runner): void {
  command
    .option('--queue <name>', 'only this queue')
    .option('--job <name>', 'only jobs of this name')
    .addOption(command.createOption('--outcome <outcome>', 'only attempts that ended so').choices(OUTCOMES as string[]))
    .option('--limit <number>', 'how many at most; 0 for all', wholeOption(0), 50)
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', '\nHistory is a sample (at most 20 attempts per second and worker) and is kept for 24 hours.')
    .addHelpText(
      'after',
      examples([['faena runs --job orders.sync --outcome retry', 'attempts that failed and are tried again']]),
    )
    .action((options: RunsOptions) => runner.onStore(command, (session) => runs(session, options)))
}

async function runs({ admin, output, clock }: Session, options: RunsOptions): Promise<void> {
  const { queue, job: name, outcome, limit } = options
  const { rows } = await collected(limit, (page) => admin.runs({ queue, name, outcome }, page))
  output.document(rows.map(runJson))
  if (rows.length === 0) return output.info('No attempts found.')
  const { style } = output
  output.table(
    [
      { title: 'STARTED', cell: (run: Run) => clock.text(run.startedAt) },
      { title: 'JOB', cell: (run: Run) => style.bold(safe(run.name)) },
      { title: 'QUEUE', cell: (run: Run) => safe(run.queue) },
      { title: 'ATTEMPT', align: 'right', cell: (run: Run) => String(run.attempt) },
      {
        title: 'TOOK',
        align: 'right',
        cell: (run: Run) => (run.endedAt === null ? '' : spoken(Math.max(0, run.endedAt - run.startedAt))),
      },
      { title: 'OUTCOME', cell: (run: Run) => coloured(run.outcome, style) },
      { title: 'WORKER', align: 'right', cell: (run: Run) => String(run.worker) },
      { title: 'UUID', cell: (run: Run) => style.dim(safe(run.uuid)) },
      { title: '', cell: (run: Run) => style.bad(safe(run.headline ?? '')) },
    ],
    rows,
  )
}

function coloured(outcome: RunOutcome, style: Session['output']['style']): string {
  if (outcome === 'completed') return style.good(outcome)
  return outcome === 'failed' || outcome === 'crashed' ? style.bad(outcome) : style.warning(outcome)
}
