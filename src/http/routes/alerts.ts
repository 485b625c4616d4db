import { type Static, Type } from 'typebox'
import type { AlertView } from '../../client/alerts.ts'
import { ALERT_LANGUAGES, ALERT_RULES } from '../../core/notice.ts'
import { isoText, isoTextOrNull } from '../contract/operations.ts'
import { limitOf, limitParameter } from '../contract/parameters.ts'
import { nullable, open, text, whole, words, yesNo } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { route } from '../route.ts'
import type { Services } from '../services.ts'

const CHANNEL_TYPES = ['email', 'slack', 'teams', 'discord', 'telegram', 'webhook', 'function'] as const

const ruleWord = words(ALERT_RULES, 'What is watched for')
const stateWord = words(['open', 'resolved'], 'Whether it is so now')

const alertSchema = Type.Object({
  id: whole('Id of the alert', 1),
  key: text('What it is about: one alert per key', ['waiting:netsuite']),
  rule: ruleWord,
  subject: text('A queue, the name of a job, the key of a schedule'),
  state: stateWord,
  count: whole('Failures since it opened; of other rules, 1', 1),
  detail: open(
    Type.Object(
      {
        headline: Type.Optional(text('Of the newest failure; secrets are masked')),
        queue: Type.Optional(text('Of the newest failure')),
        failed_id: Type.Optional(whole('The newest failed job', 1)),
        jobs: Type.Optional(whole('Jobs due for longer than the limit', 0)),
        age_seconds: Type.Optional(Type.Number({ description: 'Of the job due for longest' })),
        limit_seconds: Type.Optional(Type.Number({ description: 'What the rule allows' })),
        failures: Type.Optional(whole('Failed attempts', 0)),
        attempts: Type.Optional(whole('All attempts', 0)),
        share: Type.Optional(Type.Number({ description: 'Failed attempts among all, 0 to 1' })),
        due_at: Type.Optional(text('ISO 8601: the run that did not come')),
        passed_over: Type.Optional(yesNo('The run will not be made up')),
      },
      { description: 'What was measured; which of it is there depends on the rule' },
    ),
  ),
  opened_at: text('ISO 8601'),
  last_at: text('ISO 8601: when it was last seen to be so'),
  resolved_at: nullable(text('ISO 8601')),
  told_at: nullable(text('ISO 8601: when somebody was told of it last')),
  muted: yesNo('Nothing is told of it for now'),
  muted_until: nullable(text('ISO 8601')),
  muted_by: nullable(text('Who muted it')),
  acknowledged_at: nullable(text('ISO 8601')),
  acknowledged_by: nullable(text('Who sees to it')),
})

const channelSchema = Type.Object({
  name: text('What the configuration calls it', ['ops']),
  type: words(CHANNEL_TYPES, 'How it is told'),
  rules: Type.Array(ruleWord, { description: 'What it is told of' }),
  language: words(ALERT_LANGUAGES, 'Of its texts'),
})

const EXAMPLE: Static<typeof alertSchema> = {
  id: 12,
  key: 'waiting:netsuite',
  rule: 'waiting',
  subject: 'netsuite',
  state: 'open',
  count: 1,
  detail: { jobs: 41, age_seconds: 362, limit_seconds: 300 },
  opened_at: '2025-11-07T19:24:30.000Z',
  last_at: '2025-11-07T19:30:00.000Z',
  resolved_at: null,
  told_at: '2025-11-07T19:24:30.000Z',
  muted: false,
  muted_until: null,
  muted_by: null,
  acknowledged_at: null,
  acknowledged_by: null,
}

export const listAlerts = route({
  method: 'GET',
  path: '/alerts',
  operation: 'listAlerts',
  role: 'viewer',
  group: 'Alerts',
  summary: 'What is wrong, or was, newest first',
  description: 'One process at a time watches, wherever workers or this API run.',
  query: Type.Object({
    state: Type.Optional(stateWord),
    rule: Type.Optional(ruleWord),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'next_cursor of the page before' })),
    limit: limitParameter,
  }),
  data: Type.Object({
    alerts: Type.Array(alertSchema),
    count: whole('Alerts in this answer', 0),
    channels: Type.Array(channelSchema, { description: 'Who is told; nothing of it is secret' }),
    next_cursor: nullable(text('Where the next page begins; null on the last')),
  }),
  example: {
    alerts: [EXAMPLE],
    count: 1,
    channels: [{ name: 'ops', type: 'slack' as const, rules: [...ALERT_RULES], language: 'es' as const }],
    next_cursor: null,
  },
  async carryOut({ query: { state, rule, cursor, limit }, services: { admin, channels } }) {
    const { rows, next } = await admin.alerts({ state, rule }, { limit: limitOf(limit), cursor })
    return {
      data: {
        alerts: rows.map(alertRow),
        count: rows.length,
        channels: (channels?.list() ?? []).map((one) => ({ ...one, rules: [...one.rules] })),
        next_cursor: next,
      },
    }
  },
})

function alertRow(alert: AlertView): Static<typeof alertSchema> {
  const { id, key, rule, subject, state, count, muted, mutedBy, acknowledgedBy } = alert
  const { headline, queue, failedId, jobs, ageMs, limitMs, failures, attempts, share, dueAt, passedOver } = alert.detail
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : Math.round(ms) / 1_000)
  const detail = {
    ...{ headline, queue, failed_id: failedId, jobs, age_seconds: seconds(ageMs), limit_seconds: seconds(limitMs) },
    ...{ failures, attempts, share, due_at: dueAt, passed_over: passedOver },
  }
  return {
    ...{ id, key, rule, subject, state, count, muted },
    detail: Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined)),
    opened_at: isoText(alert.openedAt),
    last_at: isoText(alert.lastAt),
    resolved_at: isoTextOrNull(alert.resolvedAt),
    told_at: isoTextOrNull(alert.toldAt),
    muted_until: isoTextOrNull(alert.mutedUntil),
    muted_by: mutedBy,
    acknowledged_at: isoTextOrNull(alert.acknowledgedAt),
    acknowledged_by: acknowledgedBy,
  }
}

const idParams = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Id of an alert', examples: [12] }),
})
const targetOf = ({ id }: Record<string, string>) => `alert:${id}`

export const muteAlert = route({
  method: 'POST',
  path: '/alerts/{id}/mute',
  operation: 'muteAlert',
  role: 'operator',
  group: 'Alerts',
  summary: 'Tell nobody of an alert for a while',
  description: 'Whatever becomes of it meanwhile. It can be muted before it opens again, too.',
  params: idParams,
  body: Type.Object({
    seconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'For how long from now; default an hour' }),
    ),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Kept in the audit' })),
  }),
  bodyOptional: true,
  bodyExample: { seconds: 14_400, reason: 'maintenance of NetSuite' },
  data: alertSchema,
  example: { ...EXAMPLE, muted: true, muted_until: '2025-11-07T23:30:00.000Z', muted_by: 'ana' },
  says: 'Alert waiting:netsuite is muted until 2025-11-07T23:30:00.000Z',
  refusals: ['NOT_FOUND'],
  audited: { action: 'alert.mute', target: targetOf },
  async carryOut({ params: { id }, body: { seconds = 3_600, reason }, caller, services: { admin } }) {
    const until = (await admin.now()) + seconds * 1_000
    const alert = await admin.muteAlert(id, { until, by: caller.subject })
    return {
      data: alertRow(alert),
      message: `Alert ${alert.key} is muted until ${isoText(until)}`,
      audit: { key: alert.key, seconds, ...(reason !== undefined && { reason }) },
    }
  },
})

export const unmuteAlert = route({
  method: 'POST',
  path: '/alerts/{id}/unmute',
  operation: 'unmuteAlert',
  role: 'operator',
  group: 'Alerts',
  summary: "End an alert's mute",
  params: idParams,
  data: alertSchema,
  example: EXAMPLE,
  says: 'Alert waiting:netsuite is told of again',
  refusals: ['NOT_FOUND'],
  audited: { action: 'alert.unmute', target: targetOf },
  async carryOut({ params: { id }, caller, services: { admin } }) {
    const alert = await admin.muteAlert(id, { until: null, by: caller.subject })
    return { data: alertRow(alert), message: `Alert ${alert.key} is told of again`, audit: { key: alert.key } }
  },
})

export const acknowledgeAlert = route({
  method: 'POST',
  path: '/alerts/{id}/acknowledge',
  operation: 'acknowledgeAlert',
  role: 'operator',
  group: 'Alerts',
  summary: 'Say that you see to an alert: nothing more is told of it until it is over',
  params: idParams,
  data: alertSchema,
  example: { ...EXAMPLE, acknowledged_at: '2025-11-07T19:31:00.000Z', acknowledged_by: 'ana' },
  says: 'Alert waiting:netsuite is seen to by ana',
  refusals: ['NOT_FOUND', 'CONFLICT'],
  audited: { action: 'alert.acknowledge', target: targetOf },
  async carryOut({ params: { id }, caller: { subject }, services: { admin } }) {
    const { state, key } = await admin.alert(id)
    if (state !== 'open') throw new ApiError('CONFLICT', `Alert ${key} is over: there is nothing to see to`)
    const alert = await admin.acknowledgeAlert(id, subject)
    return { data: alertRow(alert), message: `Alert ${alert.key} is seen to by ${subject}`, audit: { key } }
  },
})

export const testChannel = route({
  method: 'POST',
  path: '/alerts/channels/{name}/test',
  operation: 'testChannel',
  role: 'admin',
  group: 'Alerts',
  summary: 'Tell a channel that nothing is wrong, to see whether it works',
  description: 'At once and once. What the other side says beyond its status is not passed on.',
  cost: 'bulk',
  params: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 32, description: 'Name of a channel', examples: ['ops'] }),
  }),
  data: Type.Object({
    channel: text('Its name'),
    delivered: yesNo('Whether it took the test'),
    ms: Type.Number({ description: 'How long that took' }),
    error: nullable(text('Why it did not')),
  }),
  example: { channel: 'ops', delivered: true, ms: 184, error: null },
  says: 'Channel ops took the test',
  refusals: ['NOT_FOUND'],
  audited: { action: 'alert.test', target: ({ name }) => `channel:${name}` },
  async carryOut({ params: { name }, services, gone }) {
    const { delivered, ms, error } = await channelsOf(services).test(name, gone)
    return {
      data: { channel: name, delivered, ms, error },
      message: delivered ? `Channel ${name} took the test` : `Channel ${name} did not take the test`,
      audit: { delivered, ...(error !== null && { error }) },
    }
  },
})

function channelsOf({ channels }: Services) {
  if (channels !== undefined) return channels
  throw new ApiError('NOT_FOUND', 'This server was given no channels', {
    detail: 'faena serve has those of faena.config.ts; an application passes channels to the plugin.',
  })
}
