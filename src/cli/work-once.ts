import { EXIT } from '../supervisor/exit-codes.ts'
import { onSignals } from '../supervisor/signals.ts'
import { errorText, exitCodeFor } from './errors.ts'
import type { Streams } from './output.ts'
import { runWorker } from './run-worker.ts'
import type { WorkOrder } from './work-order.ts'

/** Runs one job in this very process: there is nothing to start anew, so there is no parent. Never returns. */
export async function workOnce(order: WorkOrder, streams: Streams): Promise<never> {
  let code: number
  try {
    code = await runWorker(order, {
      streams,
      replaces: null,
      generation: 0,
      control: (controls) => void onSignals(controls),
      ready: () => {},
      registered: () => {},
      replace: () => {},
    })
  } catch (error) {
    streams.stderr.write(`${errorText(error, order.verbose ?? false)}\n`)
    code = exitCodeFor(error)
  }
  if (code === EXIT.restart) code = EXIT.ok
  if (code === EXIT.stuck) code = EXIT.error
  // A handler that did not end would keep the process alive.
  process.exit(code)
}
