import { join } from 'node:path'
import { FaenaError } from '../core/errors.ts'
import { ownModule } from '../core/own-file.ts'
import type { PoolPlan } from '../core/pools.ts'
import type { Store } from '../store.ts'
import { openStore } from '../stores/open.ts'
import { ControlServer } from '../supervisor/control-server.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import { SupervisorLock } from '../supervisor/lock.ts'
import type { QueueLoads } from '../supervisor/pool.ts'
import { onSignals } from '../supervisor/signals.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { outliveReaders, type Streams } from './output.ts'
import { readSupervision, type Supervision } from './supervision.ts'
import type { WorkOrder } from './work-order.ts'

export interface SuperviseOrder {
  /** The configuration file, whole path. */
  config?: string
  json?: boolean
  verbose?: boolean
}

/** Runtimes of the last so many minutes tell how long what waits will take. */
const TIMED_MINUTES = 10

/** `faena supervise` from start to end. Resolves to the exit code. */
export async function runSupervisor(order: SuperviseOrder, streams: Streams): Promise<number> {
  outliveReaders(streams)
  const say = (line: string) => void streams.stderr.write(`faena: ${line}\n`)
  const supervision = await readSupervision(order.config)
  if (supervision.sync) {
    throw new FaenaError(
      'UNSUPPORTED',
      'QUEUE_CONNECTION is sync: jobs run where they are dispatched, and there is nothing to supervise. Set QUEUE_CONNECTION=database.',
    )
  }
  for (const warning of supervision.warnings) say(warning)
  process.title = 'faena supervise'
  const lock = new SupervisorLock(supervision.data)
  const loads = new Loads(supervision)
  const supervisor = new Supervisor({
    pools: supervision.pools,
    logs: join(supervision.data, 'logs'),
    spec: (plan, name, queues) => ({
      module: ownModule('cli/worker-process'),
      // The title the worker gives itself has to fit into the room its arguments take.
      args: ['queue:work', name, (queues ?? []).join(','), ' '.repeat(64)],
      order: { ...orderOf(order, plan, name, queues), logFormat: streams.stdout.isTTY ? 'pretty' : 'json' },
    }),
    reread: async () => {
      const { pools, data } = await readSupervision(order.config)
      if (data === supervision.data) return pools
      throw new FaenaError(
        'BAD_CONFIGURATION',
        `data is ${data} now and was ${supervision.data}; a supervisor keeps its folder: end it and start another`,
      )
    },
    measure: (queues) => loads.of(queues),
    say,
    pass: (stream, line) => void streams[stream].write(`${line}\n`),
  })
  let control: ControlServer | undefined
  const release = onSignals(supervisor)
  try {
    control = await ControlServer.listen(supervision.data, supervisor)
    supervisor.start()
    say(`supervisor ${process.pid} keeps ${poolsText(supervision.pools)}; faena ps shows them`)
    await supervisor.ended
    return EXIT.ok
  } finally {
    release()
    await control?.close()
    await loads.close()
    lock.release()
  }
}

function orderOf(
  { config, json, verbose }: SuperviseOrder,
  plan: PoolPlan,
  name: string,
  queues: readonly string[] | undefined,
): WorkOrder {
  const { concurrency, tries, timeoutMs, backoff, leaseMs, sleepMs, restMs, graceMs } = plan
  const { memoryMb, maxJobs, maxAgeMs } = plan
  return {
    kind: 'work',
    name,
    config,
    json,
    verbose,
    queues: queues === undefined ? undefined : [...queues],
    ...{ concurrency, tries, timeoutMs, backoffMs: backoff, leaseMs, sleepMs, restMs, graceMs },
    // What has not been replaced when it has half as much again ends by itself.
    memoryMb: memoryMb === 0 ? undefined : Math.ceil(memoryMb * 1.5),
    recycle: { memoryMb, maxJobs, maxAgeMs },
  }
}

function poolsText(pools: readonly PoolPlan[]): string {
  return pools
    .map(
      ({ name, min, max }) => `${name} (${min === max ? max : `${min}–${max}`} ${max === 1 ? 'process' : 'processes'})`,
    )
    .join(', ')
}

/** What waits in queues, from a store that is opened when it is first asked for: a fixed number of processes needs none. */
class Loads {
  readonly #supervision: Supervision
  #store: Promise<Store> | undefined

  constructor(supervision: Supervision) {
    this.#supervision = supervision
  }

  async of(queues: readonly string[]): Promise<QueueLoads> {
    const { url, timezone, connection } = this.#supervision
    this.#store ??= openStore(url, { timezone, connection })
    let store: Store
    try {
      store = await this.#store
    } catch (error) {
      this.#store = undefined
      throw error
    }
    const { now } = await store.ping()
    const [counts, states, metrics] = await Promise.all([
      store.counts(),
      store.queues(),
      store.metrics({ from: now - TIMED_MINUTES * 60_000, to: now }),
    ])
    const paused = new Set(states.filter(({ pausedAt }) => pausedAt !== null).map(({ queue }) => queue))
    return new Map(
      queues.map((queue) => {
        const { due = 0, reserved = 0 } = counts.find((one) => one.queue === queue) ?? {}
        const timed = metrics.filter((row) => row.queue === queue)
        const sum = (key: 'runMs' | 'completed' | 'failed' | 'retried') => timed.reduce((all, row) => all + row[key], 0)
        const attempts = sum('completed') + sum('failed') + sum('retried')
        const runMs = attempts === 0 ? null : sum('runMs') / attempts
        return [queue, { due: paused.has(queue) ? 0 : due, reserved, runMs }] as const
      }),
    )
  }

  async close(): Promise<void> {
    await this.#store?.then((store) => store.close()).catch(() => {})
  }
}
