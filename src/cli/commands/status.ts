import type { Command } from 'commander'
import type { QueueStatus, Status } from '../../client/status.ts'
import { spoken } from '../../core/duration.ts'
import { statusJson } from '../json.ts'
import { examples } from '../options.ts'
import type { Output } from '../output.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        ['faena status', 'queues with what is due, delayed and reserved, and who serves them'],
        ['faena status --json | jq .failed', 'how many jobs failed'],
      ]),
    )
    .action(() => runner.onStore(command, status))
}

async function status({ admin, output, connection }: Session): Promise<void> {
  const now = await admin.status()
  output.document(statusJson(now, connection.name))
  output.line(`Queue Connection: ${connection.name} (${connection.shownUrl})`)
  output.line()
  if (now.queues.length === 0) output.line('  No queue holds a job.')
  else output.table(columns(output), now.queues)
  output.line()
  output.line(`  ${summary(now)}`)
  for (const queue of now.unserved) {
    output.warn(`No live worker serves queue [${safe(queue)}]. Start one: faena work --queue ${safe(queue)}`)
  }
}

function columns({ style }: Output) {
  const number = (value: number) => (value === 0 ? style.dim('0') : String(value))
  return [
    { title: 'QUEUE', cell: (row: QueueStatus) => safe(row.queue) },
    { title: 'DUE', align: 'right' as const, cell: (row: QueueStatus) => number(row.due) },
    { title: 'DELAYED', align: 'right' as const, cell: (row: QueueStatus) => number(row.delayed) },
    { title: 'RESERVED', align: 'right' as const, cell: (row: QueueStatus) => number(row.reserved) },
    { title: 'WORKERS', align: 'right' as const, cell: (row: QueueStatus) => number(row.workers) },
    { title: 'STATE', cell: (row: QueueStatus) => stateOf(row, style) },
  ]
}

function stateOf(row: QueueStatus, style: Output['style']): string {
  if (row.pausedAt !== null) {
    return style.warning(`paused${row.pauseReason === null ? '' : `: ${safe(row.pauseReason)}`}`)
  }
  if (row.workers > 0) return style.good('served')
  return row.due + row.delayed + row.reserved > 0 ? style.bad('no live worker') : style.dim('idle')
}

function summary({ failed, workers, oldestDue }: Status): string {
  const parts = [
    `${failed} failed`,
    `${workers} live ${workers === 1 ? 'worker' : 'workers'}`,
    oldestDue === null
      ? 'nothing is due'
      : `the oldest due job has waited ${spoken(oldestDue.ageMs)} in queue ${safe(oldestDue.queue)}`,
  ]
  return parts.join(' · ')
}
