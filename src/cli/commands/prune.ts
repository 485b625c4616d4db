import type { Command } from 'commander'
import { counted } from '../bulk.ts'
import { durationOption, examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'

interface PruneOptions {
  hours?: number
  runs?: number
  metrics?: number
}

const HOUR_MS = 3_600_000

export function define(command: Command, runner: Runner): void {
  command
    .option('--hours <number>', 'failed jobs older than this, too (queue:prune-failed: 24)', wholeOption(0, 87_600))
    .option('--runs <time>', 'keep the history of attempts for so long (default: as configured, 24h)', durationOption)
    .option('--metrics <time>', 'keep metrics for so long (default: as configured, 14d)', durationOption)
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', '\nWorkers prune history and metrics by themselves; failed jobs stay until somebody asks.')
    .addHelpText(
      'after',
      examples([['faena prune --hours 168', 'failed jobs older than a week, and history past its time']]),
    )
    .action((options: PruneOptions) =>
      runner.onStore(command, async ({ admin, output, calledAs, configuration }) => {
        const hours = options.hours ?? (calledAs === 'queue:prune-failed' ? 24 : undefined)
        const failed = hours === undefined ? undefined : hours * HOUR_MS
        const { retentionMs, metricsMs } = configuration.settings.history
        const done = await admin.prune({
          failed,
          runs: options.runs ?? retentionMs,
          metrics: options.metrics ?? metricsMs,
        })
        output.document(done)
        if (failed !== undefined) output.info(`${counted(done.failed, 'entry', 'entries')} deleted.`)
        output.line(`  ${counted(done.records, 'record')} of history, metrics and ended workers deleted.`)
      }),
    )
}
