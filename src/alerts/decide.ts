import type { Alert, AlertChange } from '../client/alerts.ts'
import type { AlertSettings, FailedSettings } from '../core/alert-settings.ts'
import type { AlertDetail, AlertRule, NoticeEvent, NoticeItem } from '../core/notice.ts'
import type { Observation } from './observe.ts'

export interface Decision {
  changes: AlertChange[]
  items: NoticeItem[]
}

export interface Deciding {
  now: number
  settings: Pick<AlertSettings, 'failed' | 'remindMs' | 'resolved' | 'panel'>
  observations: readonly Observation[]
  /** The open ones, and those of these observations that are over. */
  known: readonly Alert[]
  /** Of what somebody can be told now, of what later (it stays to be told), and of what nobody wants to be told. */
  tells(rule: AlertRule): 'now' | 'later' | 'never'
}

/** What is not seen for so long is over: nobody is told "over" and "again" where something comes and goes. */
const CALM_MS = 60_000

/** Which alerts open, go on and end, and what there is to tell. Reads and writes nothing. */
export function decideAlerts(deciding: Deciding): Decision {
  const known = new Map(deciding.known.map((alert) => [alert.key, alert]))
  const decision: Decision = { changes: [], items: [] }
  const add = (step: Step | undefined) => {
    if (step === undefined) return
    decision.changes.push(step.change)
    if (step.item !== undefined) decision.items.push(step.item)
  }
  for (const observation of deciding.observations) {
    const alert = known.get(observation.key)
    known.delete(observation.key)
    add(observation.rule === 'failed' ? failing(observation, alert, deciding) : standing(observation, alert, deciding))
  }
  for (const alert of known.values()) {
    if (alert.state === 'open') add(alert.rule === 'failed' ? quiet(alert, deciding) : ending(alert, deciding))
  }
  return decision
}

interface Step {
  change: AlertChange
  item?: NoticeItem
}

/** A kind of failure of which there are new ones. */
function failing(seen: Observation, alert: Alert | undefined, deciding: Deciding): Step {
  const { now, settings } = deciding
  const change = opened(seen, alert, now)
  change.count = seen.fresh + (change.reopened ? 0 : change.count)
  const event = failureEvent(change, ruleOf(settings, seen.subject), now)
  return told(change, silenced(alert, change, now) ? undefined : event, deciding)
}

/** A kind of failure of which there were none since the last look. */
function quiet(alert: Alert, deciding: Deciding): Step | undefined {
  const { now, settings } = deciding
  const rule = ruleOf(settings, alert.subject)
  const change = changeOf(alert)
  const isSilenced = silenced(alert, change, now) || deciding.tells(alert.rule) === 'never'
  const event = failureEvent(change, rule, now)
  if (event !== undefined && !isSilenced) {
    return deciding.tells(alert.rule) === 'now' ? told(change, event, deciding) : undefined
  }
  const untold = change.count > change.toldCount && !isSilenced
  if (untold || now - Math.max(alert.lastAt, alert.toldAt ?? 0) < rule.digestMs) return undefined
  return { change: { ...change, state: 'resolved', resolvedAt: now } }
}

/** What of a kind of failure there is to tell: the first at once, then by number and by time. */
function failureEvent(change: AlertChange, { every, digestMs }: FailedSettings, now: number): NoticeEvent | undefined {
  const { toldAt, toldCount, count, openedAt } = change
  if (toldAt === null || toldAt < openedAt) return 'opened'
  if (count <= toldCount) return undefined
  if (every > 0 && Math.floor(count / every) > Math.floor(toldCount / every)) return 'more'
  return now - toldAt >= digestMs ? 'more' : undefined
}

/** Something that is so now. */
function standing(seen: Observation, alert: Alert | undefined, deciding: Deciding): Step {
  const { now, settings } = deciding
  const change = opened(seen, alert, now)
  const { toldAt, openedAt } = change
  const isNew = toldAt === null || toldAt < openedAt
  const isDue = !isNew && settings.remindMs > 0 && now - toldAt >= settings.remindMs
  const event = isNew ? 'opened' : isDue ? 'continues' : undefined
  return told(change, silenced(alert, change, now) ? undefined : event, deciding)
}

/** Something that was so, and is not seen any more. */
function ending(alert: Alert, deciding: Deciding): Step | undefined {
  const { now, settings } = deciding
  if (now - alert.lastAt < CALM_MS) return undefined
  const change: AlertChange = { ...changeOf(alert), state: 'resolved', resolvedAt: now }
  const wasTold = alert.toldAt !== null && alert.toldAt >= alert.openedAt
  const isMuted = (alert.mutedUntil ?? 0) > now
  if (!settings.resolved || !wasTold || isMuted) return { change }
  return deciding.tells(alert.rule) === 'later' ? undefined : told(change, 'resolved', deciding)
}

function told(change: AlertChange, event: NoticeEvent | undefined, { now, settings, tells }: Deciding): Step {
  if (event === undefined || tells(change.rule) !== 'now') return { change }
  const detail = detailOf(change)
  const item: NoticeItem = {
    ...{ key: change.key, rule: change.rule, event, subject: change.subject },
    openedAt: new Date(change.openedAt).toISOString(),
    detail: change.rule === 'failed' ? { ...detail, fresh: Math.max(1, change.count - change.toldCount) } : detail,
    link: linkOf(settings.panel, change, detail),
  }
  return { change: { ...change, toldAt: now, toldCount: change.count }, item }
}

/** Muted, or somebody sees to it already. */
function silenced(alert: Alert | undefined, { reopened }: AlertChange, now: number): boolean {
  if (alert === undefined) return false
  return (alert.mutedUntil ?? 0) > now || (alert.acknowledgedAt !== null && !reopened)
}

function opened(seen: Observation, alert: Alert | undefined, now: number): AlertChange {
  const detail = JSON.stringify(seen.detail)
  if (alert?.state === 'open') return { ...changeOf(alert), lastAt: now, detail }
  return {
    ...{ key: seen.key, rule: seen.rule, subject: seen.subject, state: 'open', openedAt: now, lastAt: now },
    ...{ resolvedAt: null, count: 1, detail, toldAt: null, toldCount: 0, reopened: true },
  }
}

function changeOf(alert: Alert): AlertChange {
  const { key, rule, subject, state, openedAt, lastAt, resolvedAt, count, detail, toldAt, toldCount } = alert
  return {
    ...{ key, rule, subject, state, openedAt, lastAt, resolvedAt, count, detail, toldAt, toldCount },
    reopened: false,
  }
}

function detailOf(change: AlertChange): AlertDetail {
  const detail = JSON.parse(change.detail) as AlertDetail
  return change.rule === 'failed' ? { ...detail, count: change.count } : detail
}

function ruleOf({ failed }: Deciding['settings'], job: string): FailedSettings {
  return failed?.jobs.get(job) ?? failed ?? { every: 0, digestMs: 0 }
}

function linkOf(panel: string | null, { rule, subject }: AlertChange, { failedId }: AlertDetail): string | null {
  if (panel === null) return null
  if (rule === 'failed') return failedId === undefined ? `${panel}/failed` : `${panel}/failed/${failedId}`
  if (rule === 'schedule') return `${panel}/schedules`
  return `${panel}/queues?queue=${encodeURIComponent(subject)}`
}
