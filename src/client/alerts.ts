import { FaenaError, notAllowed } from '../core/errors.ts'
import type { Masker } from '../core/mask.ts'
import { ALERT_RULES, type AlertDetail } from '../core/notice.ts'
import type { SurfacedField } from '../core/surface.ts'
import type { Alert, AlertRule, AlertState, Page, Paged, Store } from '../store.ts'
import { checkPage } from './filters.ts'
import { Labeller } from './labeller.ts'

export type { Alert, AlertChange, AlertDecision, AlertWatch, FailureCount, NewJob } from '../store.ts'

/** An alert as people see it. Times in unix ms. */
export interface AlertView extends Omit<Alert, 'detail'> {
  detail: AlertDetail
  /** Nothing is told of it for now. */
  muted: boolean
}

export interface AlertFilter {
  state?: AlertState
  rule?: AlertRule
}

export interface Alerts {
  /** Newest first. */
  alerts(filter?: AlertFilter, page?: Partial<Page>): Promise<Paged<AlertView>>
  /** By its id or its key. Throws NOT_FOUND. */
  alert(which: number | string): Promise<AlertView>
  /** Nothing is told of it until then (unix ms), whatever becomes of it; null: it is told of again. Throws NOT_FOUND. */
  muteAlert(which: number | string, mute: { until: number | null; by: string }): Promise<AlertView>
  /** Somebody sees to it: nothing more is told of it until it is over. Throws NOT_FOUND, or BAD_ARGUMENT where it is over. */
  acknowledgeAlert(which: number | string, by: string): Promise<AlertView>
}

/** What the watch reads and writes. */
export interface AlertSource
  extends Pick<Store, 'takeWatch' | 'leaveWatch' | 'decide' | 'alerts' | 'failures' | 'overdue'>,
    Pick<Store, 'oldestDue' | 'metrics' | 'schedules' | 'workers'> {
  /** Failed jobs that somebody else wrote are counted from then on. */
  catchUp(): Promise<void>
}

const LONGEST_MUTE_MS = 366 * 86_400_000

export function alertsOf(store: Store, masker: Masker): Alerts {
  const view = (alert: Alert, now: number): AlertView => {
    const detail = JSON.parse(alert.detail) as AlertDetail
    const headline = detail.headline === undefined ? {} : { headline: masker.text(detail.headline) }
    return { ...alert, detail: { ...detail, ...headline }, muted: (alert.mutedUntil ?? 0) > now }
  }
  const known = async (which: number | string): Promise<Alert> => {
    const found = typeof which === 'number' ? await byId(which) : await byKey(which)
    if (found === undefined) throw new FaenaError('NOT_FOUND', `Alert ${which} not found; faena alerts lists them`)
    return found
  }
  const byId = async (id: number) => (Number.isSafeInteger(id) && id > 0 ? store.alert(id) : undefined)
  const byKey = async (key: string) => {
    // The open ones come along with it, so it may stand behind many of them.
    for (let cursor: string | undefined; ; ) {
      const { rows, next } = await store.alerts({ keys: [key] }, { limit: 1_000, cursor })
      const found = rows.find((alert) => alert.key === key)
      if (found !== undefined || next === null) return found
      cursor = next
    }
  }
  const now = async () => (await store.ping()).now
  return {
    async alerts({ state, rule } = {}, page = {}) {
      if (state !== undefined && !['open', 'resolved'].includes(state)) {
        throw notAllowed('BAD_ARGUMENT', 'state', state, 'open, resolved')
      }
      if (rule !== undefined && !ALERT_RULES.includes(rule)) {
        throw notAllowed('BAD_ARGUMENT', 'rule', rule, ALERT_RULES.join(', '))
      }
      const [at, { rows, next }] = await Promise.all([now(), store.alerts({ state, rule }, checkPage(page))])
      return { rows: rows.map((row) => view(row, at)), next }
    },
    alert: async (which) => view(await known(which), await now()),
    async muteAlert(which, { until, by }) {
      const [{ id }, at] = await Promise.all([known(which), now()])
      if (until !== null && !(until > at && until <= at + LONGEST_MUTE_MS)) {
        throw notAllowed('BAD_ARGUMENT', 'until', new Date(until).toJSON(), 'a time to come, within a year')
      }
      await store.muteAlert(id, { until, by })
      return view(await known(id), at)
    },
    async acknowledgeAlert(which, by) {
      const { id, key } = await known(which)
      if (!(await store.acknowledgeAlert(id, by))) {
        throw new FaenaError('BAD_ARGUMENT', `Alert ${key} is over: there is nothing to see to`)
      }
      return view(await known(id), await now())
    },
  }
}

export function alertSource(store: Store, surface: readonly SurfacedField[] = []): AlertSource {
  const labeller = new Labeller(store, surface)
  return {
    takeWatch: (owner, leaseMs) => store.takeWatch(owner, leaseMs),
    leaveWatch: (owner) => store.leaveWatch(owner),
    decide: (decision) => store.decide(decision),
    alerts: (filter, page) => store.alerts(filter, page),
    failures: (above, mark, limit) => store.failures(above, mark, limit),
    overdue: (olderThanMs) => store.overdue(olderThanMs),
    oldestDue: () => store.oldestDue(),
    metrics: (window) => store.metrics(window),
    schedules: () => store.schedules(),
    workers: () => store.workers(),
    catchUp: () => labeller.catchUp(),
  }
}
