import type { JobPatch, NewJob, Pushed, UniqueKey } from '../../src/store.ts'
import { inputOf } from '../support/jobs.ts'

export interface ModelJob {
  readonly uuid: string
  /** Learned from the store, which alone gives ids; the model only asks that they rise. */
  id: number
  queue: string
  readonly name: string
  priority: number
  dueAt: number
  attempts: number
  maxAttempts: number | null
  heldBy: number | null
  crashes: number
  /** Workers that gave a count. */
  lostWith: Set<number>
  /** Who noted that it began. */
  begunBy: number | null
  /** What the payload says, and a retry goes back to. */
  said: { input: unknown; priority: number; maxAttempts: number | null; unique: UniqueKey | undefined }
}

/** What a worker was given once. It may be stale by now: the worker does not know. */
export interface Handle {
  readonly id: number
  readonly uuid: string
  readonly attempts: number
  readonly payload: string
  readonly name: string | null
  /** The worker has settled it. It may do so again, which must not count. */
  spent: boolean
}

export interface ModelWorker {
  readonly id: number
  leaseUntil: number
  /** It deregistered or was reclaimed. */
  gone: boolean
  /** It crashed: it beats no more, though a settlement of its may still arrive late. */
  silent: boolean
  readonly handles: Handle[]
}

export interface ReserveWish {
  queues: string[]
  names: string[]
  limit: number
  singles: number
}

export type Kind = 'completed' | 'retry' | 'failed' | 'released' | 'cancelled'
export type Matches = (job: ModelJob) => boolean

/**
 * What the contract says, in as few words as it can be said: a handful of maps and no thought for speed. It shares no code
 * with any store.
 */
export class Model {
  readonly jobs = new Map<string, ModelJob>()
  readonly failed = new Map<string, ModelJob>()
  readonly keys = new Map<string, { job: ModelJob; until: UniqueKey['until']; expiresAt: number }>()
  readonly paused = new Set<string>()
  readonly workers: ModelWorker[] = []
  /** How often each job was dispatched and ended; a failed job that is retried begins anew. */
  readonly begun = new Map<string, number>()
  readonly endings = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  push(job: NewJob, { id }: Pushed): Omit<Pushed, 'id'> {
    const { unique, uuid, queue, priority, maxAttempts } = job
    const dueAt = this.#dueIn(job.delayMs ?? 0)
    const said = { input: inputOf(job), priority, maxAttempts, unique }
    const holder = unique && this.#holder(unique.key)
    if (unique && holder) {
      if (!this.#isLive(holder) || holder.heldBy !== null || unique.onTaken === 'skip') {
        return { outcome: 'skipped', uuid: holder.uuid }
      }
      holder.dueAt = dueAt
      if (unique.onTaken === 'pushBack') return { outcome: 'pushedBack', uuid: holder.uuid }
      Object.assign(holder, { queue, priority, maxAttempts, attempts: 0, said })
      return { outcome: 'replaced', uuid: holder.uuid }
    }
    this.#begin({
      ...{ uuid, id: id as number, queue, name: job.name as string, priority, dueAt, attempts: 0, maxAttempts },
      ...{ heldBy: null, said, ...innocent() },
    })
    return { outcome: 'dispatched', uuid }
  }

  /**
   * The jobs the worker gets, in order; undefined where it has no lease. With `chosen`, ids in the order in which the store
   * gave them, it gets those of them that it may get.
   */
  reserve(worker: ModelWorker, wish: ReserveWish, chosen?: readonly number[]): ModelJob[] | undefined {
    if (!this.isAlive(worker)) return undefined
    const given: ModelJob[] = []
    let { singles } = wish
    const open = wish.queues.filter((name) => !this.paused.has(name))
    const line = open.flatMap((queue) => this.#due(queue, wish.names))
    for (const job of chosen ? chosen.flatMap((id) => line.find((each) => each.id === id) ?? []) : line) {
      const single = job.maxAttempts === 1
      if (given.length >= wish.limit || (single && singles === 0)) return given
      if (single) singles -= 1
      job.attempts += 1
      job.heldBy = worker.id
      if (job.said.unique?.until === 'processing') this.#freeKey(job)
      given.push(job)
    }
    return given
  }

  /** Whether the outcome counts. */
  settle(worker: ModelWorker, handle: Handle, kind: Kind, delayMs: number): boolean {
    const job = this.heldAs(worker, handle)
    if (!job) return false
    if (kind === 'retry' || kind === 'released') {
      job.heldBy = null
      job.dueAt = this.#dueIn(delayMs)
      if (kind === 'released') job.attempts -= 1
    } else {
      this.#end(job)
      if (kind === 'failed') this.failed.set(job.uuid, job)
    }
    return true
  }

  /** The job, if the worker still holds it in that very attempt. */
  heldAs(worker: ModelWorker, { uuid, id, attempts }: Handle): ModelJob | undefined {
    const job = this.jobs.get(uuid)
    return job?.id === id && job.attempts === attempts && job.heldBy === worker.id ? job : undefined
  }

  isAlive(worker: ModelWorker): boolean {
    return !worker.gone && worker.leaseUntil > this.#now()
  }

  /** Gives back what the worker holds, and takes its counts back. */
  deregister(worker: ModelWorker): number {
    const held = this.#heldBy(worker)
    for (const job of held) giveBack(job)
    for (const job of this.jobs.values()) if (job.lostWith.delete(worker.id)) job.crashes -= 1
    worker.gone = true
    return held.length
  }

  /** Whether the worker may begin the job. */
  begin(worker: ModelWorker, handle: Handle): boolean {
    const job = this.isAlive(worker) ? this.heldAs(worker, handle) : undefined
    if (job && job.crashes > 0) job.begunBy = worker.id
    return job !== undefined
  }

  /** What a worker had begun has ended once it settles something. */
  settled(worker: ModelWorker): void {
    for (const job of this.jobs.values()) if (job.begunBy === worker.id) job.begunBy = null
  }

  reclaim(): { workers: number[]; returned: number } {
    const dead = this.workers.filter((worker) => !worker.gone && worker.leaseUntil <= this.#now())
    let returned = 0
    for (const worker of dead) {
      worker.gone = true
      for (const job of this.#heldBy(worker)) {
        // Of one that was only held nobody knows whose fault it was: that counts up to two.
        if (job.crashes < (job.begunBy === worker.id ? 3 : 2)) {
          job.crashes += 1
          job.lostWith.add(worker.id)
          if (job.crashes === 3) job.dueAt = Math.max(job.dueAt, this.#dueIn(15_000))
        }
        job.begunBy = null
        if (job.maxAttempts === 1) job.heldBy = null
        else giveBack(job)
        returned += 1
      }
    }
    return { workers: dead.map(({ id }) => id), returned }
  }

  change(matches: Matches, patch: JobPatch): { changed: number; skipped: number } {
    const found = [...this.jobs.values()].filter(matches)
    const pending = found.filter(({ heldBy }) => heldBy === null)
    for (const job of pending) {
      job.priority = patch.priority ?? job.priority
      job.queue = patch.queue ?? job.queue
      if (patch.delayMs !== undefined) job.dueAt = this.#dueIn(patch.delayMs)
    }
    return { changed: pending.length, skipped: found.length - pending.length }
  }

  remove(matches: Matches): number {
    const found = [...this.jobs.values()].filter(matches)
    for (const job of found) this.#end(job)
    return found.length
  }

  /** Somebody emptied the table, and told nobody. */
  vanish(): void {
    for (const job of this.jobs.values()) count(this.endings, job.uuid)
    this.jobs.clear()
  }

  /** Failed jobs come back by ascending id, so the first of two with one key gets it. */
  retry(matches: Matches): { changed: number; skipped: number } {
    const found = [...this.failed.values()].filter(matches).sort((a, b) => a.id - b.id)
    let changed = 0
    for (const job of found) {
      const { unique, priority, maxAttempts } = job.said
      if (unique && unique.until !== 'window' && this.#holder(unique.key)) continue
      this.failed.delete(job.uuid)
      // The payload knows the key, but not for how long it was to be held.
      const said = { ...job.said, unique: unique && { ...unique, forMs: undefined } }
      const fresh = { attempts: 0, ...innocent(), heldBy: null, dueAt: this.#dueIn(0), priority, maxAttempts, said }
      this.#begin({ ...job, ...fresh, id: 0 })
      changed += 1
    }
    return { changed, skipped: found.length - changed }
  }

  #begin(job: ModelJob): void {
    count(this.begun, job.uuid)
    this.jobs.set(job.uuid, job)
    const { unique } = job.said
    // A window counts from the dispatch; a retry opens no new one.
    if (!unique || (unique.until === 'window' && unique.forMs === undefined)) return
    const expiresAt = this.#now() + (unique.forMs ?? Number.POSITIVE_INFINITY)
    this.keys.set(unique.key, { job, until: unique.until, expiresAt })
  }

  #end(job: ModelJob): void {
    count(this.endings, job.uuid)
    this.jobs.delete(job.uuid)
    this.#freeKey(job)
  }

  #freeKey(job: ModelJob): void {
    for (const [key, held] of this.keys) if (held.job === job && held.until !== 'window') this.keys.delete(key)
  }

  /** Whose key it is, live or (within a window) ended. */
  #holder(key: string): ModelJob | undefined {
    const held = this.keys.get(key)
    if (!held || held.expiresAt <= this.#now()) return undefined
    return held.until === 'window' || this.#isLive(held.job) ? held.job : undefined
  }

  #isLive(job: ModelJob): boolean {
    return this.jobs.get(job.uuid) === job
  }

  #heldBy(worker: ModelWorker): ModelJob[] {
    return [...this.jobs.values()].filter(({ heldBy }) => heldBy === worker.id)
  }

  #due(queue: string, names: string[]): ModelJob[] {
    const due = [...this.jobs.values()].filter(
      (job) => job.queue === queue && job.heldBy === null && job.dueAt <= this.#now() && names.includes(job.name),
    )
    return due.sort((a, b) => a.priority - b.priority || a.dueAt - b.dueAt || a.id - b.id)
  }

  /** At once, or the first whole second that is not too early. */
  #dueIn(delayMs: number): number {
    const exact = (this.#now() + delayMs) / 1_000
    return (delayMs > 0 ? Math.ceil(exact) : Math.floor(exact)) * 1_000
  }
}

function innocent() {
  return { crashes: 0, lostWith: new Set<number>(), begunBy: null }
}

function giveBack(job: ModelJob): void {
  job.attempts -= 1
  job.heldBy = null
}

function count(counts: Map<string, number>, uuid: string): void {
  counts.set(uuid, (counts.get(uuid) ?? 0) + 1)
}
