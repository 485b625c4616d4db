/**
 * The thread that keeps a worker's lease while the worker's own thread is busy. It has a store of its own, opened from
 * plain configuration, and sees what runs through shared memory. It also ends a process whose event loop is blocked by a
 * handler beyond its timeout: one of the few places that end a process, because nobody else in it can.
 */
import { writeSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type PortableError, portable } from '../core/exception.ts'
import { ENDED_WITH_ITS_WORKER, failureOf } from '../core/failure.ts'
import { decide, type PolicyDefaults, policyOf } from '../core/outcome.ts'
import { tryReadPayload } from '../core/payload.ts'
import { type SurfacedField, surfacedText } from '../core/surface.ts'
import type { JobOutcome, SettledOutcome, Store, WorkerCommand } from '../store.ts'
import { blockedTheLoop } from './aborts.ts'
import { retryDelay, steadyNow, wallTime } from './clock.ts'
import { holdsKey } from './ending.ts'
import { Pulse } from './pulse.ts'
import { type SlotEntry, Slots } from './slots.ts'
import { Watchdog } from './watchdog.ts'

export interface ThreadData {
  url: string
  storeOptions: Record<string, unknown>
  memory: SharedArrayBuffer
  slots: number
  leaseMs: number
  graceMs: number
  defaults: PolicyDefaults
  surface: readonly SurfacedField[]
}

export type ToThread = { kind: 'begin'; worker: number } | { kind: 'rest' } | { kind: 'end' }

export type FromThread =
  | { kind: 'ready' }
  | { kind: 'ping' }
  | { kind: 'lost'; worker: number }
  | { kind: 'gone'; jobs: { id: number; attempts: number }[] }
  | { kind: 'command'; command: WorkerCommand }
  | { kind: 'failed'; error: PortableError; failures: number; retryMs: number }

if (parentPort !== null) await serve(parentPort, workerData as ThreadData)

async function serve(port: MessagePort, data: ThreadData): Promise<void> {
  const tell = (message: FromThread) => port.postMessage(message)
  const { openStore } = await import('../stores/open.ts')
  const store: Store = await openStore(data.url, data.storeOptions)
  await store.open()
  const slots = new Slots(data.slots, data.memory)
  let worker: number | null = null
  const pulse = new Pulse(store, slots, data.leaseMs, {
    lost: (lost) => tell({ kind: 'lost', worker: lost }),
    gone: (jobs) => tell({ kind: 'gone', jobs: [...jobs] }),
    command: (command) => tell({ kind: 'command', command }),
    failed: (error, failures, retryMs) => tell({ kind: 'failed', error: portable(error), failures, retryMs }),
  })
  const watchdog = new Watchdog(
    slots,
    data.graceMs,
    () => tell({ kind: 'ping' }),
    (late) => void endProcess(store, worker, late, data, slots),
  )
  port.on('message', (message: ToThread) => {
    if (message.kind === 'begin') {
      worker = message.worker
      pulse.begin(message.worker)
    } else {
      worker = null
      pulse.rest()
    }
    if (message.kind === 'end') {
      watchdog.stop()
      port.close()
      void store.close().catch(() => {})
    }
  })
  watchdog.start()
  tell({ kind: 'ready' })
}

/**
 * Settles the attempts that are to blame, gives everything else back without counting a crash, and kills the process. The
 * store is asked until it answers or the lease is over; then others take the jobs back, as after any crash.
 */
async function endProcess(
  store: Store,
  worker: number | null,
  late: readonly SlotEntry[],
  data: ThreadData,
  slots: Slots,
): Promise<never> {
  const lines: string[] = []
  // A transaction that the blocked handler left open may hold up what is tried here, and ends only with this process.
  const giveUpAt = steadyNow() + data.leaseMs
  for (let failures = 1; worker !== null; failures++) {
    try {
      lines.length = 0
      const outcomes: JobOutcome[] = []
      for (const entry of late) {
        const ended = await timedOutAttempt(store, worker, entry, data)
        if (ended === undefined) continue
        outcomes.push(ended.outcome)
        lines.push(ended.line)
      }
      // The same number with each repetition: a settle whose answer was lost is not written twice.
      if (outcomes.length > 0) await store.settle({ worker, seq: 1, channel: 1, outcomes })
      await store.deregister(worker)
      break
    } catch (error) {
      if (steadyNow() > Math.min(slots.leaseUntil, giveUpAt)) {
        lines.push(`the store did not answer (${String(error)}); its jobs go back when others see that its lease ended`)
        break
      }
      await new Promise((resolve) => setTimeout(resolve, retryDelay(failures)))
    }
  }
  // Written directly: the thread's process.stderr goes through the thread that is blocked.
  for (const line of lines) writeSync(2, `faena: worker ${worker} ends: ${line}\n`)
  process.kill(process.pid, 'SIGKILL')
  return new Promise<never>(() => {})
}

async function timedOutAttempt(
  store: Store,
  worker: number,
  { id, attempts, deadline }: SlotEntry,
  data: ThreadData,
): Promise<{ outcome: JobOutcome; line: string } | undefined> {
  const job = await store.get(id)
  if (job === undefined || job.reservedBy !== worker || job.attempts !== attempts) return undefined
  const payload = tryReadPayload(job.payload)
  if (payload === undefined) return undefined
  // Its handler is about to complete it in a transaction of its own, which ends with this process.
  if ((await store.fate({ worker, id, attempts, uuid: payload.uuid ?? '' })) === 'open') return undefined
  const policy = policyOf(payload, undefined, data.defaults)
  const error = blockedTheLoop(payload.displayName, policy.timeoutMs)
  const decided = decide(error, { attempts, timedOut: true, now: Date.now() }, policy)
  const outcome: SettledOutcome =
    decided.kind === 'retry'
      ? { kind: 'retry', delayMs: decided.delayMs }
      : { kind: 'failed', failure: failureOf(job, error, (input) => surfacedText(data.surface, input)) }
  const next = outcome.kind === 'retry' ? `it is tried again in ${outcome.delayMs} ms` : 'it failed for good'
  const whole: JobOutcome = { id, attempts, outcome, unique: holdsKey(payload) }
  if (outcome.kind === 'failed' && payload.uuid) {
    const { uuid, displayName } = payload
    const ran = { startedAt: wallTime(deadline - policy.timeoutMs), endedAt: Date.now(), attempt: attempts, worker }
    const named = { uuid, name: payload.name ?? displayName, queue: job.queue, headline: outcome.failure.headline }
    const rest = { progress: null, note: ENDED_WITH_ITS_WORKER, log: [], result: null, keepUntil: null }
    whole.run = { ...named, ...ran, ...rest, outcome: 'failed' }
  }
  return {
    outcome: whole,
    line: `${error.message} Job ${id} (uuid ${payload.uuid}), attempt ${attempts}: ${next}`,
  }
}
