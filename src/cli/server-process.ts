/** The process of the API that `faena start` keeps running. Never imported: it is what that process runs. */
import { beginning, obey, report } from '../supervisor/child.ts'
import { onSignals } from '../supervisor/signals.ts'
import { errorText, exitCodeFor } from './errors.ts'
import { runServer, type ServeOrder } from './run-server.ts'

const { order } = await beginning()
try {
  process.exitCode = await runServer(order as ServeOrder, {
    streams: process,
    control(controls) {
      obey(controls)
      onSignals(controls)
    },
    ready: (graceMs) => report({ kind: 'ready', graceMs }),
  })
} catch (error) {
  process.stderr.write(`${errorText(error, false)}\n`)
  process.exitCode = exitCodeFor(error)
}
process.exit()
