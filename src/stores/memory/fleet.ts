import type { FleetStore, Heartbeat, HeartbeatAnswer, NewWorker, WorkerCommand, WorkerState } from '../../store.ts'
import { returnJob } from './ending.ts'
import { forgiveCrashes } from './reclaim.ts'
import { liveWorker, type Tables, wakeListeners } from './tables.ts'

export function register(tables: Tables, worker: NewWorker): number {
  const now = tables.clock()
  const { leaseMs, defaultTries = 0, replaces, ...described } = worker
  const replaced = replaces === undefined ? undefined : liveWorker(tables, replaces)
  if (replaced) replaced.leaseUntil = now
  tables.lastId.worker += 1
  const id = tables.lastId.worker
  tables.workers.set(id, {
    ...described,
    id,
    queues: [...worker.queues],
    names: worker.names === undefined ? null : [...worker.names],
    running: 0,
    memoryBytes: 0,
    state: 'running',
    startedAt: now,
    beatAt: now,
    leaseUntil: now + leaseMs,
    command: null,
    defaultTries,
    reclaimed: false,
    settled: new Map(),
  })
  return id
}

export function deregister(tables: Tables, worker: number): number {
  const held = tables.jobs.heldBy(worker)
  for (const row of held) returnJob(tables, row, true)
  tables.workers.delete(worker)
  forgiveCrashes(tables, worker)
  if (held.length > 0) wakeListeners(tables)
  return held.length
}

export function heartbeat(tables: Tables, beat: Heartbeat): HeartbeatAnswer {
  const worker = liveWorker(tables, beat.worker)
  if (worker === undefined) return { lost: true, gone: beat.held.map(({ id }) => id), command: null }
  const { running, memoryBytes, state, held } = beat
  const { command } = worker
  const now = tables.clock()
  Object.assign(worker, { running, memoryBytes, state, beatAt: now, leaseUntil: now + beat.leaseMs, command: null })
  const gone = held.filter(({ id, attempts }) => {
    const row = tables.jobs.byId(id)
    return row === undefined || row.reservedBy !== worker.id || row.attempts !== attempts
  })
  return { lost: false, gone: gone.map(({ id }) => id), command }
}

export function fleet(tables: Tables): Required<FleetStore> {
  return {
    workers: async () => liveWorkers(tables),
    command: async (worker, command) => send(tables, worker, command),
    listen: (wake) => tables.events.on('wake', wake),
    notify: () => wakeListeners(tables),
  }
}

export function liveWorkers({ workers, clock }: Tables): WorkerState[] {
  const live = [...workers.values()].filter(({ leaseUntil }) => leaseUntil > clock())
  return live.map(({ command, defaultTries, reclaimed, settled, ...state }) => ({
    ...state,
    queues: [...state.queues],
  }))
}

function send({ workers, clock }: Tables, id: number | null, command: WorkerCommand): number {
  const live = [...workers.values()].filter(
    (worker) => worker.leaseUntil > clock() && (id === null || worker.id === id),
  )
  for (const worker of live) worker.command = command
  return live.length
}
