/** What is watched for: jobs that fail for good, waits, queues without a worker, shares of failures, schedules nobody fires. */
export const ALERT_RULES = ['failed', 'waiting', 'workers', 'rate', 'schedule'] as const

export type AlertRule = (typeof ALERT_RULES)[number]

export const ALERT_LANGUAGES = ['en', 'es'] as const

export type AlertLanguage = (typeof ALERT_LANGUAGES)[number]

/** What somebody is told: of one alert, or of all that one look at the queues had to say. */
export interface Notice {
  /** The same however often it comes: whoever was told of it already can leave it aside. */
  id: string
  /** ISO 8601. */
  at: string
  /** The installation that speaks, as `alerts.name` calls it. */
  installation: string | null
  alerts: NoticeItem[]
  /** Alerts beyond these, for which there was no room. */
  more: number
}

/**
 * `opened`: it is so now. `more`: further failures of the kind. `continues`: it is still so. `resolved`: it is no longer so.
 * `test`: nothing is wrong, somebody tries a channel.
 */
export type NoticeEvent = 'opened' | 'more' | 'continues' | 'resolved' | 'test'

export interface NoticeItem {
  /** What `faena alerts` knows it by. */
  key: string
  rule: AlertRule
  event: NoticeEvent
  /** A queue, the name of a job, the key of a schedule. */
  subject: string
  /** ISO 8601. */
  openedAt: string
  detail: AlertDetail
  /** The page of the panel about it. */
  link: string | null
}

/** What was measured; which of it is there depends on the rule. */
export interface AlertDetail {
  /** `failed`: failures since it opened, and those that nobody was told of before. */
  count?: number
  fresh?: number
  /** `failed`: of the newest of them, secrets masked. */
  headline?: string
  queue?: string
  /** `failed`: id of the newest failed job, as `faena show` and `faena retry` take it. */
  failedId?: number
  /** `waiting`, `workers`: jobs due for longer than the limit, and how long the oldest of them has been. */
  jobs?: number
  ageMs?: number
  limitMs?: number
  /** `rate`: failed attempts among all, and in which time. */
  failures?: number
  attempts?: number
  share?: number
  overMs?: number
  /** `schedule`: the run that did not come (ISO 8601), and whether it was passed over for good. */
  dueAt?: string
  passedOver?: boolean
}
