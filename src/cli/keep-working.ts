import { EXIT } from '../supervisor/exit-codes.ts'
import { Parent } from '../supervisor/parent.ts'
import { onSignals } from '../supervisor/signals.ts'
import type { Streams } from './output.ts'
import type { WorkOrder } from './work-order.ts'

const OWN = import.meta.url
const MODULE = new URL(OWN.endsWith('.ts') ? './worker-process.ts' : './worker-process.js', OWN)

/** Runs the order in a process of its own and keeps that running until it has done what it was asked to. */
export async function keepWorking(order: WorkOrder, { stderr }: Streams): Promise<number> {
  const parent = new Parent({
    name: `Worker ${order.name}`,
    module: MODULE,
    // The title the worker gives itself has to fit into the room its arguments take.
    args: ['queue:work', order.name, (order.queues ?? []).join(','), ' '.repeat(64)],
    order,
    // A limit that was given as a flag means what it means in Laravel: whoever gave it starts the worker anew.
    restartAfter: order.memoryMb === undefined ? [EXIT.memory] : [],
    say: (line) => {
      if (!order.quiet) stderr.write(`faena: ${line}\n`)
    },
  })
  process.title = `faena ${order.kind} ${order.name}`
  const release = onSignals(parent)
  try {
    return await parent.run()
  } finally {
    release()
  }
}
