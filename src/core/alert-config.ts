import type { Duration } from './duration.ts'
import type { AlertLanguage, AlertRule, Notice } from './notice.ts'

/** `alerts` of `faena.config.ts`: what is watched for, and who is told. All of it is optional. */
export interface AlertsConfig {
  /** Of what people are told; default `'en'`. A channel may have its own. */
  language?: AlertLanguage
  /** What this installation is called in every notice: `'shop, production'`. */
  name?: string
  /** Where the panel is, for links: `'https://queue.example.com'`. */
  panel?: string
  /** How often is looked; default 20 s. */
  every?: Duration
  /**
   * Jobs that failed for good, by what they have in common. The first of a kind is told at once, what follows together each
   * `digest` (default 1 h), and each time when `every` more have failed (default 0: by time alone). `jobs`: for a kind of
   * job, its own rule, or false for none.
   */
  failed?: false | (FailedRule & { jobs?: Readonly<Record<string, false | FailedRule>> })
  /** A job has been due for longer than `limit` (default 5 min) in a queue that is not paused. */
  waiting?: false | { limit?: Duration; queues?: Readonly<Record<string, false | Duration>> }
  /** Jobs have been due for `after` (default 1 min), and no live worker takes those of their queue. `queues` must have one even while they are empty. */
  workers?: false | { after?: Duration; queues?: readonly string[] }
  /** More than this share of a queue's attempts failed (default 0.5) within `over` (default 10 min), of at least `attempts` (default 20). */
  rate?:
    | false
    | { above?: number; over?: Duration; attempts?: number; queues?: Readonly<Record<string, false | number>> }
  /** A schedule's run has been due for `late` (default 5 min) and nobody fired it, or it was passed over. */
  schedules?: false | { late?: Duration }
  /** What is still so is told again after this long; default 4 h, 0 = never. */
  remind?: Duration
  /** Whether it is told that something is over; default true. */
  resolved?: boolean
  /** Notices per channel and hour at most; what comes beyond is told together with what comes next. Default 30. */
  perHour?: number
  /** Hosts, addresses and networks that webhooks may reach although they are not public: `['10.0.0.0/8', 'hooks.lan']`. Default none. */
  allowPrivate?: readonly string[]
  /** Who is told, by a name of your own. */
  channels?: Readonly<Record<string, ChannelConfig>>
}

interface FailedRule {
  every?: number
  digest?: Duration
}

interface AnyChannel {
  /** What it is told of; default all. */
  rules?: readonly AlertRule[]
  language?: AlertLanguage
}

/**
 * A secret is better left to the environment: `FAENA_ALERT_<CHANNEL>_URL`, `…_SECRET`, `…_TOKEN`, with the channel's name in
 * capitals and `_` for `-`.
 */
export type ChannelConfig = AnyChannel &
  (
    | {
        type: 'email'
        /** `smtp://user:password@host:587`, or `smtps://…:465`. */
        url?: string
        from: string
        to: string | readonly string[]
      }
    /** The address of the incoming webhook. */
    | { type: 'slack' | 'teams' | 'discord'; url?: string }
    | { type: 'telegram'; token?: string; chat: string | number /** Of a server of your own. */; url?: string }
    /** Signed as Standard Webhooks has it; the secret is `whsec_…` with 24 to 64 bytes in base64. */
    | { type: 'webhook'; url?: string; secret?: string }
    /** A function of the application. What it throws counts as not told, and is tried again. */
    | {
        type: 'function'
        send: (notice: Notice, told: { text: string; title: string; signal: AbortSignal }) => unknown
      }
  )
