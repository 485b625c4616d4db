import type { Command } from 'commander'
import { spoken } from '../../core/duration.ts'
import type { Schedule } from '../../store.ts'
import { scheduleJson } from '../json.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

type Act = (session: Session, key: string) => Promise<void>

const ACTS: Record<string, Act> = {
  async pause({ admin, output }, key) {
    await admin.pauseSchedule(key)
    output.document({ key, paused: true })
    output.info(`Schedule [${safe(key)}] has been paused.`)
  },
  async resume({ admin, output }, key) {
    await admin.resumeSchedule(key)
    output.document({ key, paused: false })
    output.info(`Schedule [${safe(key)}] has been resumed.`)
  },
  async run({ admin, output }, key) {
    const { uuid } = await admin.runSchedule(key)
    output.document({ key, uuid })
    output.info(`Schedule [${safe(key)}] was run: job ${uuid}.`)
  },
  async remove({ admin, output }, key) {
    await admin.removeSchedule(key)
    output.document({ key, removed: true })
    output.info(`Schedule [${safe(key)}] has been removed.`)
  },
}

export function define(command: Command, runner: Runner): void {
  const acts = Object.keys(ACTS).join(', ')
  command
    .argument('[what]', `list (default), ${acts}`)
    .argument('[key]', 'the schedule, for all but list')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nSchedules of faena.config.ts are saved when a worker starts; removing one of them lasts until then.',
    )
    .addHelpText(
      'after',
      examples([
        ['faena schedules', 'when each runs next'],
        ['faena schedules run nightly-report', 'now, besides its times'],
        ['faena schedules pause nightly-report', 'until resume'],
      ]),
    )
    .action((what = 'list', key: string | undefined) => {
      const act = Object.hasOwn(ACTS, what) ? ACTS[what] : undefined
      if (what !== 'list' && act === undefined) {
        command.error(`error: argument 'what' is '${what}'. Allowed choices are list, ${acts}.`)
      }
      if (act === undefined) return runner.onStore(command, list)
      if (key === undefined) command.error(`error: missing required argument 'key' (faena schedules lists them)`)
      return runner.onStore(command, (session) => act(session, key))
    })
}

async function list({ admin, output, clock }: Session): Promise<void> {
  const schedules = await admin.schedules()
  output.document(schedules.map(scheduleJson))
  if (schedules.length === 0)
    return output.info('No schedules found. List them in faena.config.ts, or save one with queue.schedule().')
  const { style } = output
  const at = (ms: number | null) => (ms === null ? '' : clock.text(ms))
  output.table(
    [
      { title: 'KEY', cell: (row: Schedule) => style.bold(safe(row.key)) },
      { title: 'JOB', cell: (row) => safe(row.job) },
      { title: 'QUEUE', cell: (row) => safe(row.queue) },
      {
        title: 'WHEN',
        cell: ({ timing }) => ('cron' in timing ? `${timing.cron} ${timing.zone}` : `every ${spoken(timing.everyMs)}`),
      },
      { title: 'NEXT', cell: (row) => (row.pausedAt === null ? at(row.nextAt) : style.warning('paused')) },
      { title: 'LAST', cell: (row) => at(row.lastAt) },
      { title: 'MISSED', cell: (row) => row.missed },
      { title: 'OVERLAP', cell: (row) => row.overlap },
    ],
    schedules,
  )
  output.line(`\n  Times in ${clock.zone}.`)
}
