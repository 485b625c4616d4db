import type { Command } from 'commander'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { type ProcessRow, processLines } from '../../supervisor/rows.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Supervised } from '../supervised.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('[names...]', 'processes (pool:pool_00) or groups (pool:*); all if left out')
    .option('--json', 'one JSON document for programs, with the queues and the worker of each')
    .addHelpText(
      'after',
      '\nExit codes: 0, 3 no supervisor runs or nothing is called so, 4 a pool is quarantined (FATAL).\nThe fleet over all hosts: faena workers.',
    )
    .addHelpText(
      'after',
      examples([
        ['faena ps', 'the processes of the supervisor of this folder'],
        ["faena ps 'arconte-worker:*'", 'those of one pool'],
      ]),
    )
    .action((names: string[]) => runner.onSupervisor(command, (supervised) => ps(supervised, names)))
}

async function ps({ output, ask }: Supervised, names: readonly string[]): Promise<number> {
  const rows = await ask<ProcessRow[]>({ command: 'ps', names })
  output.document(
    rows.map(({ startedAt, uptimeMs, description, ...row }) => ({
      ...row,
      started_at: startedAt && new Date(startedAt).toISOString(),
      uptime_ms: uptimeMs,
      description,
    })),
  )
  for (const line of processLines(rows)) output.line(line)
  return rows.some(({ state }) => state === 'FATAL') ? EXIT.alert : EXIT.ok
}
