import type { Command } from 'commander'
import type { AlertFilter, AlertView } from '../../client/alerts.ts'
import { spoken } from '../../core/duration.ts'
import { FaenaError } from '../../core/errors.ts'
import { ALERT_RULES } from '../../core/notice.ts'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { alertJson } from '../json.ts'
import { durationOption, examples, wholeOption } from '../options.ts'
import { collected } from '../paging.ts'
import type { Runner } from '../runner.ts'
import type { Session, Setting } from '../session.ts'
import { safe } from '../style.ts'
import { terminalUser } from '../terminal-user.ts'

interface AlertsOptions {
  all?: boolean
  rule?: AlertFilter['rule']
  limit: number
  for: number
}

const WHAT = ['list', 'channels', 'test', 'mute', 'unmute', 'ack']

export function define(command: Command, runner: Runner): void {
  command
    .argument('[what]', `list (default), ${WHAT.slice(1).join(', ')}`)
    .argument('[which]', 'id or key of an alert; for test: a channel')
    .option('--all', 'those that are over too')
    .addOption(command.createOption('--rule <rule>', 'only this kind').choices([...ALERT_RULES]))
    .option('--for <duration>', 'mute for this long', durationOption, 3_600_000)
    .option('--limit <number>', 'how many at most; 0 for all', wholeOption(0), 50)
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      `
Of a muted alert nothing is told until the time is over; of an acknowledged one (ack) nothing more until it has ended and
opens anew. test tells the channel at once that nothing is wrong, and says whether it took it; exit code 4 if it did not.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena alerts', 'what is wrong now'],
        ['faena alerts test ops', 'does the channel work'],
        ['faena alerts mute waiting:netsuite --for 4h', 'until the maintenance is over'],
        ['faena alerts ack 12', 'somebody sees to it'],
      ]),
    )
    .action((what = 'list', which: string | undefined, options: AlertsOptions) => {
      if (!WHAT.includes(what)) {
        command.error(`error: argument 'what' is '${what}'. Allowed choices are ${WHAT.join(', ')}.`)
      }
      if (what === 'list') return runner.onStore(command, (session) => list(session, options))
      if (what === 'channels') return runner.onSettings(command, channels)
      if (which === undefined) {
        const missing = what === 'test' ? 'faena alerts channels' : 'faena alerts'
        command.error(`error: missing required argument 'which' (${missing} lists them)`)
      }
      if (what === 'test') return runner.onSettings(command, (setting) => test(setting, which))
      return runner.onStore(command, (session) => alter(session, what, which, options))
    })
}

async function list({ admin, output, clock }: Session, { all, rule, limit }: AlertsOptions): Promise<void> {
  const filter: AlertFilter = { ...(!all && { state: 'open' as const }), rule }
  const { rows } = await collected(limit, (page) => admin.alerts(filter, page))
  output.document(rows.map(alertJson))
  if (rows.length === 0) return output.info(all ? 'No alerts found.' : 'Nothing is wrong.')
  const { style } = output
  output.table(
    [
      { title: 'ID', align: 'right', cell: (row: AlertView) => String(row.id) },
      { title: 'KEY', cell: (row) => style.bold(safe(row.key)) },
      { title: 'SUBJECT', cell: (row) => safe(row.subject) },
      { title: 'STATE', cell: (row) => (row.state === 'open' ? style.bad(stateOf(row)) : style.dim(stateOf(row))) },
      { title: 'SINCE', cell: (row) => clock.text(row.openedAt) },
      { title: 'TOLD', cell: (row) => (row.toldAt === null ? '' : clock.text(row.toldAt)) },
      { title: '', cell: (row) => safe(measured(row)) },
    ],
    rows,
  )
  output.line(`\n  Times in ${clock.zone}.`)
}

function stateOf({ state, muted, acknowledgedBy }: AlertView): string {
  if (muted) return `${state}, muted`
  return state === 'open' && acknowledgedBy !== null ? `open, seen to by ${safe(acknowledgedBy)}` : state
}

function measured({ rule, count, detail }: AlertView): string {
  const { headline, jobs = 0, ageMs = 0, share = 0, dueAt = '' } = detail
  if (rule === 'failed') return `${count} × ${headline}`
  if (rule === 'rate') return `${Math.round(share * 100)} % of attempts fail`
  if (rule === 'schedule') return `due ${dueAt}`
  return `${jobs} jobs, ${spoken(ageMs)}`
}

async function channelsOf({ configuration }: Pick<Setting, 'configuration'>) {
  const { alertChannels } = await import('../../alerts/channels.ts')
  const { alerts, timezone } = configuration.settings
  return alertChannels(alerts, timezone)
}

async function channels(setting: Setting): Promise<void> {
  const { output } = setting
  const all = (await channelsOf(setting)).list()
  output.document({ channels: all })
  if (all.length === 0) return output.info('No channels are configured: alerts.channels of faena.config.ts lists them.')
  output.table(
    [
      { title: 'CHANNEL', cell: (row: (typeof all)[number]) => output.style.bold(row.name) },
      { title: 'TYPE', cell: ({ type }) => type },
      { title: 'RULES', cell: ({ rules }) => rules.join(', ') },
      { title: 'LANGUAGE', cell: ({ language }) => language },
    ],
    all,
  )
}

async function test(setting: Setting, name: string): Promise<number> {
  const { output } = setting
  const { delivered, ms, error } = await (await channelsOf(setting)).test(name)
  output.document({ channel: name, delivered, ms, error })
  if (delivered) output.info(`Channel ${name} took the test after ${spoken(ms)}.`)
  else output.error(`Channel ${name} did not take the test: ${safe(error ?? '')}`)
  return delivered ? EXIT.ok : EXIT.alert
}

async function alter({ admin, output, clock }: Session, what: string, which: string, options: AlertsOptions) {
  const ref = /^\d{1,15}$/.test(which) ? Number(which) : which
  const by = terminalUser()
  const until = what === 'mute' ? (await admin.now()) + options.for : null
  if (until !== null && options.for === 0) {
    throw new FaenaError('BAD_ARGUMENT', '--for is 0; allowed: a duration, as in --for 4h')
  }
  const alert = what === 'ack' ? await admin.acknowledgeAlert(ref, by) : await admin.muteAlert(ref, { until, by })
  await admin.record({
    ...{
      subject: by,
      role: null,
      action: `alert.${what === 'ack' ? 'acknowledge' : what}`,
      target: `alert:${alert.id}`,
    },
    ...{ outcome: 'done', source: 'cli', requestId: null, detail: JSON.stringify({ key: alert.key, until }) },
  })
  output.document(alertJson(alert))
  const key = safe(alert.key)
  if (what === 'ack')
    output.info(`Alert ${key} is seen to by ${safe(by)}: nothing more is told of it until it is over.`)
  else if (until === null) output.info(`Alert ${key} is told of again.`)
  else output.info(`Nothing is told of alert ${key} until ${clock.text(until)} ${clock.zone}.`)
}
