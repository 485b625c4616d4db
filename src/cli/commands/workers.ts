import type { Command } from 'commander'
import { spoken } from '../../core/duration.ts'
import type { WorkerCommand, WorkerState } from '../../store.ts'
import { counted } from '../bulk.ts'
import { workerJson } from '../json.ts'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

const WHAT: Record<WorkerCommand, string> = {
  quiet: 'reserve no more jobs',
  resume: 'reserve jobs again',
  stop: 'finish within the grace and end',
  restart: 'end after the current jobs and start anew',
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('[what]', 'list (default), or what to tell workers: quiet, resume, stop, restart')
    .argument('[id]', 'the worker to tell; all if left out', wholeOption(1))
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        ['faena workers', 'who is alive, where, and how busy'],
        ['faena workers quiet 12', 'worker 12 finishes what it has and takes no more'],
      ]),
    )
    .action((what = 'list', id: number | undefined) => {
      if (what !== 'list' && !Object.hasOwn(WHAT, what)) {
        command.error(`error: argument 'what' is '${what}'. Allowed choices are list, ${Object.keys(WHAT).join(', ')}.`)
      }
      return runner.onStore(command, (session) =>
        what === 'list' ? list(session) : tell(session, what as WorkerCommand, id),
      )
    })
}

async function list({ admin, output }: Session): Promise<void> {
  const workers = await admin.workers()
  output.document(workers.map(workerJson))
  if (workers.length === 0) return output.info('No worker is alive. Start one: faena work')
  const now = Date.now()
  const { style } = output
  output.table(
    [
      { title: 'ID', align: 'right', cell: ({ id }: WorkerState) => String(id) },
      { title: 'NAME', cell: ({ name }) => style.bold(safe(name)) },
      { title: 'QUEUES', cell: ({ queues }) => safe(queues.join(',')) },
      { title: 'RUNNING', align: 'right', cell: ({ running, concurrency }) => `${running}/${concurrency}` },
      { title: 'STATE', cell: ({ state }) => (state === 'running' ? style.good(state) : style.warning(state)) },
      { title: 'MEMORY', align: 'right', cell: ({ memoryBytes }) => `${Math.round(memoryBytes / 1_048_576)} MB` },
      { title: 'UP', align: 'right', cell: ({ startedAt }) => spoken(Math.max(1_000, now - startedAt)) },
      { title: 'PROCESS', cell: ({ pid, host }) => `${pid} on ${safe(host)}` },
    ],
    workers,
  )
}

async function tell({ admin, output }: Session, what: WorkerCommand, id: number | undefined): Promise<void> {
  const told = await admin.command(id ?? 'all', what)
  output.document({ command: what, workers: told })
  output.info(told === 0 ? 'No worker is alive.' : `${counted(told, 'worker')} told to ${WHAT[what]}.`)
}
