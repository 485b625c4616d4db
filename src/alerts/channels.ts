import type { AlertSettings, ChannelSettings } from '../core/alert-settings.ts'
import { FaenaError } from '../core/errors.ts'
import type { AlertLanguage, AlertRule } from '../core/notice.ts'
import { uuidv7 } from '../core/uuid.ts'
import { wallClock } from '../core/wallclock.ts'
import { NotTold } from './not-told.ts'
import { send, testNotice } from './send.ts'

/** A channel as people see it: nothing of it is secret. */
export interface ChannelView {
  name: string
  type: ChannelSettings['type']
  rules: readonly AlertRule[]
  language: AlertLanguage
}

export interface Tried {
  delivered: boolean
  ms: number
  /** Why it was not. */
  error: string | null
}

/** The channels of a configuration, as the command line and the API come to them. */
export interface AlertChannels {
  list(): ChannelView[]
  /** Tells the channel that this is a test, at once and once. Throws NOT_FOUND. */
  test(name: string, signal?: AbortSignal): Promise<Tried>
}

const PATIENCE_MS = 20_000

/** `settings`: `settingsFrom(…).alerts`. Times in texts are of the zone. */
export function alertChannels(settings: AlertSettings, timezone = 'UTC'): AlertChannels {
  const { channels } = settings
  const clock = wallClock(timezone)
  return {
    list: () => channels.map(({ name, type, rules, language }) => ({ name, type, rules, language })),
    async test(name, given) {
      const channel = channels.find((one) => one.name === name)
      if (channel === undefined) throw unknownChannel(name, channels)
      const from = performance.now()
      const timeout = AbortSignal.timeout(PATIENCE_MS)
      const signal = given === undefined ? timeout : AbortSignal.any([timeout, given])
      const notice = testNotice(uuidv7(), Date.now(), settings.name, settings.panel)
      const error = await send(channel, notice, { settings, clock, signal }).then(() => null, reasonOf)
      return { delivered: error === null, ms: Math.round(performance.now() - from), error }
    },
  }
}

function unknownChannel(name: string, channels: readonly ChannelSettings[]): FaenaError {
  const names = channels.map((one) => one.name).join(', ')
  return new FaenaError(
    'NOT_FOUND',
    `No channel is called ${name}; ${names === '' ? 'alerts.channels of faena.config.ts lists none' : `there are ${names}`}`,
  )
}

/** Of what a function of the application throws, the first line: it may hold anything. */
function reasonOf(error: unknown): string {
  if (error instanceof NotTold || error instanceof FaenaError) return error.message
  return `${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
    .split('\n', 1)[0]!
    .slice(0, 300)
}
