import type { AlertSettings } from '../core/alert-settings.ts'
import { type Handler, handle } from '../core/handler.ts'
import type { WallClock } from '../core/wallclock.ts'
import { alertJob } from './job.ts'
import { NotTold } from './not-told.ts'
import { send } from './send.ts'

/**
 * Does what the watch's jobs say: tells one channel of one notice. A channel that nobody configured here may be one of a
 * configuration that is just being brought out, so such a job is tried again like any other.
 */
export function alertHandler(settings: AlertSettings, clock: WallClock): Handler {
  return handle(alertJob, async ({ input: { channel: name, notice }, signal, fail, log }) => {
    const channel = settings.channels.find((one) => one.name === name)
    if (channel === undefined) throw new NotTold(`No channel ${name} is configured in this process`)
    try {
      await send(channel, notice, { settings, clock, signal })
    } catch (error) {
      if (error instanceof NotTold && error.final) fail(error)
      throw error
    }
    log(`told ${channel.type} ${name} of ${notice.alerts.map(({ key, event }) => `${key} ${event}`).join(', ')}`)
  })
}
