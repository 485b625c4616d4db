/** The process that a parent (`faena work`, `faena start`) keeps running. Never imported: it is what that process runs. */
import { beginning, obey, report } from '../supervisor/child.ts'
import { onSignals } from '../supervisor/signals.ts'
import { errorText, exitCodeFor } from './errors.ts'
import { runWorker } from './run-worker.ts'
import type { WorkOrder } from './work-order.ts'

const { order, replaces, generation } = await beginning()
const work = order as WorkOrder
try {
  process.exitCode = await runWorker(work, {
    streams: process,
    replaces,
    generation,
    control(controls) {
      obey(controls)
      onSignals(controls)
    },
    ready: (graceMs) => report({ kind: 'ready', graceMs }),
    registered: (id) => report({ kind: 'worker', id }),
    replace: (reason, limit) => report({ kind: 'replace', reason, limit }),
  })
} catch (error) {
  process.stderr.write(`${errorText(error, work.verbose ?? false)}\n`)
  process.exitCode = exitCodeFor(error)
}
// A handler that did not obey, or a pool that an application left open, would keep the process alive.
process.exit()
