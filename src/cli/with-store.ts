import { createAdmin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import { FaenaError } from '../core/errors.ts'
import { surfacedFields } from '../core/surface.ts'
import { maskedUrl } from '../core/url.ts'
import { wallClock } from '../core/wallclock.ts'
import { openStore } from '../stores/open.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import type { Session, Setting } from './session.ts'

/** Opens the configured store, does the work with an admin on it, and closes it, whatever happened. Answers the exit code. */
export async function withStore(
  setting: Setting,
  work: (session: Session) => Promise<number> | Promise<void>,
  { migrate = true }: { migrate?: boolean } = {},
): Promise<number> {
  const { settings } = setting.configuration
  if (settings.sync) {
    throw new FaenaError(
      'UNSUPPORTED',
      'QUEUE_CONNECTION is sync: jobs run where they are dispatched, and nothing is stored that could be looked at or worked on. ' +
        'Set QUEUE_CONNECTION=database.',
    )
  }
  const { url, timezone, connection } = settings
  const store = await openStore(url, { timezone, connection, migrate })
  let queue: Queue | undefined
  try {
    const admin = createAdmin({ store, jobs: settings.jobs, surface: surfacedFields(settings.surface) })
    const code = await work({
      ...setting,
      admin,
      async queue() {
        const { createQueue } = await import('../client/queue.ts')
        queue ??= createQueue({
          store,
          timezone,
          maxPayloadBytes: settings.maxPayloadBytes,
          telemetry: settings.telemetry,
        })
        return queue
      },
      clock: wallClock(timezone),
      connection: { name: connection, shownUrl: maskedUrl(url) },
    })
    return code ?? EXIT.ok
  } finally {
    await queue?.close()
    await store.close()
  }
}
