import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { spoken } from '../../core/duration.ts'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { queueOf } from '../connection-name.ts'
import { durationOption, examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface MonitorOptions {
  max: number
  watch?: true | number
}

/** Laravel's row, `oldest_pending` in unix seconds. */
interface Row {
  connection: string
  queue: string
  size: number
  pending: number
  delayed: number
  reserved: number
  oldest_pending: number | null
  status: 'OK' | 'ALERT'
}

const WATCH_MS = 2_000

export function define(command: Command, runner: Runner): void {
  command
    .argument('[queues]', 'queues joined by commas, also as connection:queue; all if left out')
    .option('--max <number>', 'from this size on a queue is on ALERT', wholeOption(1), 1_000)
    .option('--watch [time]', 'look again and again, each 2 s unless said otherwise', durationOption)
    .option('--json', 'one JSON document for programs; with --watch one per line')
    .addHelpText('after', '\nExit code 4 if a queue is on ALERT.')
    .addHelpText(
      'after',
      examples([
        ['faena monitor high,default --max 100', 'once'],
        ['faena monitor --watch', 'all queues, until Ctrl+C'],
      ]),
    )
    .action((queues: string | undefined, options: MonitorOptions) =>
      runner.onStore(command, (session) => monitor(session, queues, options)),
    )
}

async function monitor(session: Session, queues: string | undefined, { max, watch }: MonitorOptions): Promise<number> {
  const { output, streams } = session
  if (watch === undefined) {
    const rows = await look(session, queues, max)
    output.document(rows)
    print(session, rows)
    return rows.some(({ status }) => status === 'ALERT') ? EXIT.alert : EXIT.ok
  }
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  process.once('SIGTERM', () => interrupt.abort())
  while (!interrupt.signal.aborted) {
    const rows = await look(session, queues, max)
    if (output.json) streams.stdout.write(`${JSON.stringify(rows)}\n`)
    else {
      if (streams.stdout.isTTY) streams.stdout.write('\u001b[H\u001b[2J')
      print(session, rows)
    }
    await sleep(watch === true ? WATCH_MS : Math.max(100, watch), undefined, { signal: interrupt.signal }).catch(
      () => {},
    )
  }
  return EXIT.ok
}

async function look({ admin, connection }: Session, queues: string | undefined, max: number): Promise<Row[]> {
  const status = await admin.status()
  const known = new Map(status.queues.map((queue) => [queue.queue, queue]))
  const names =
    queues === undefined
      ? [...known.keys()]
      : queueOf(queues, connection.name)
          .split(',')
          .map((name) => name.trim())
  return Promise.all(
    names.map(async (queue) => {
      const { due, delayed, reserved } = known.get(queue) ?? { due: 0, delayed: 0, reserved: 0 }
      const size = due + delayed + reserved
      const oldest =
        due > 0 ? (await admin.jobs({ queue, status: 'due' }, { limit: 1, order: 'oldest' })).rows[0] : undefined
      return {
        connection: connection.name,
        queue,
        size,
        pending: due,
        delayed,
        reserved,
        oldest_pending: oldest === undefined ? null : Math.floor(oldest.createdAt / 1_000),
        status: size >= max ? ('ALERT' as const) : ('OK' as const),
      }
    }),
  )
}

function print({ output }: Session, rows: readonly Row[]): void {
  const { style } = output
  output.line()
  output.dotted(style.dim('Queue name'), style.dim('Size / Status'))
  for (const row of rows) {
    const status = row.status === 'OK' ? style.good(row.status) : style.bad(row.status)
    output.dotted(`[${safe(row.connection)}] ${style.bold(safe(row.queue))}`, `[${row.size}] ${status}`)
    output.dotted('  Pending jobs', String(row.pending))
    output.dotted('  Delayed jobs', String(row.delayed))
    output.dotted('  Reserved jobs', String(row.reserved))
    if (row.oldest_pending !== null) {
      output.dotted('  Oldest pending job', `${spoken(Math.max(0, Date.now() - row.oldest_pending * 1_000))} ago`)
    }
  }
  output.line()
}
