import { ownModule } from '../core/own-file.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import { Parent } from '../supervisor/parent.ts'
import { onSignals } from '../supervisor/signals.ts'
import type { Streams } from './output.ts'
import type { ServeOrder } from './run-server.ts'
import type { WorkOrder } from './work-order.ts'

/** Runs the order in a process of its own and keeps that running until it has done what it was asked to. */
export function keepWorking(order: WorkOrder, streams: Streams): Promise<number> {
  return keepRunning([workerParent(order, streams)], `faena ${order.kind} ${order.name}`)
}

/** A worker and the API, each in a process of its own, until they are told to stop. What ends by itself ends the other. */
export function keepStarted(order: WorkOrder, serve: ServeOrder, streams: Streams): Promise<number> {
  const api = new Parent({
    name: 'The API',
    module: ownModule('cli/server-process'),
    args: ['faena', 'serve'],
    order: serve,
    say: (line) => say(line, streams),
  })
  return keepRunning([workerParent(order, streams), api], `faena ${order.kind} ${order.name}`)
}

function workerParent(order: WorkOrder, streams: Streams): Parent {
  return new Parent({
    name: `Worker ${order.name}`,
    module: ownModule('cli/worker-process'),
    // The title the worker gives itself has to fit into the room its arguments take.
    args: ['queue:work', order.name, (order.queues ?? []).join(','), ' '.repeat(64)],
    order,
    // A limit that was given as a flag means what it means in Laravel: whoever gave it starts the worker anew.
    restartAfter: order.memoryMb === undefined ? [EXIT.memory] : [],
    say: (line) => {
      if (!order.quiet) say(line, streams)
    },
  })
}

/** In the form its child writes, as far as it can be known here: the configuration is not read by a process that only watches. */
function say(line: string, { stdout, stderr, env }: Streams): void {
  const json = (env.FAENA_LOG_FORMAT ?? '') === '' ? stdout.isTTY !== true : env.FAENA_LOG_FORMAT === 'json'
  if (!json) stderr.write(`faena: ${line}\n`)
  else
    stderr.write(`${JSON.stringify({ level: 'warn', time: new Date().toISOString(), pid: process.pid, msg: line })}\n`)
}

async function keepRunning(parents: readonly Parent[], title: string): Promise<number> {
  const all = (act: 'stop' | 'stopNow' | 'quiet' | 'resume') => () => {
    for (const parent of parents) parent[act]()
  }
  process.title = title
  const release = onSignals({ stop: all('stop'), stopNow: all('stopNow'), quiet: all('quiet'), resume: all('resume') })
  try {
    const codes = await Promise.all(parents.map((parent) => parent.run().finally(all('stop'))))
    return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok
  } finally {
    release()
  }
}
