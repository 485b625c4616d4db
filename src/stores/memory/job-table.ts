import { maxAttemptsOf, type ReadPayload, tryReadPayload } from '../../core/payload.ts'
import { Waiting } from './waiting.ts'

/** A row of `jobs`. Times are unix ms of whole seconds, since the column holds seconds. */
export interface JobRow {
  readonly id: number
  readonly queue: string
  readonly payload: string
  readonly attempts: number
  readonly reservedAt: number | null
  readonly availableAt: number
  readonly createdAt: number
  readonly name: string | null
  readonly maxAttempts: number | null
  readonly priority: number | null
  readonly reservedBy: number | null
  /** The payload as read, `undefined` where it is corrupt. */
  readonly read: ReadPayload | undefined
}

export type JobColumns = Omit<JobRow, 'id' | 'read'>

/** The table `jobs` with the indexes a database would keep. Rows never change: an update puts a new row in the old one's place. */
export class JobTable {
  readonly #rows = new Map<number, JobRow>()
  readonly #idByUuid = new Map<string, number>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #held = new Map<number, Set<number>>()
  #lastId = 0

  /** The largest id ever given; ids are never reused. */
  get lastId(): number {
    return this.#lastId
  }

  insert(columns: JobColumns): JobRow {
    this.#lastId += 1
    const row = { ...columns, id: this.#lastId, read: tryReadPayload(columns.payload) }
    this.#rows.set(row.id, row)
    this.#index(row)
    return row
  }

  update(row: JobRow, changes: Partial<JobColumns>): JobRow {
    const read = changes.payload === undefined ? row.read : tryReadPayload(changes.payload)
    const changed = { ...row, ...changes, read }
    this.#unindex(row)
    this.#rows.set(row.id, changed)
    this.#index(changed)
    return changed
  }

  delete(row: JobRow): void {
    this.#unindex(row)
    this.#rows.delete(row.id)
  }

  byId(id: number): JobRow | undefined {
    return this.#rows.get(id)
  }

  byUuid(uuid: string): JobRow | undefined {
    const id = this.#idByUuid.get(uuid)
    return id === undefined ? undefined : this.#rows.get(id)
  }

  /** All rows by ascending id. */
  all(): JobRow[] {
    return [...this.#rows.values()]
  }

  /** The pending rows of a queue, in the order they run in, due or not. */
  waiting(queue: string): Iterable<JobRow> {
    return this.#waiting.get(queue) ?? []
  }

  heldBy(worker: number): JobRow[] {
    return [...(this.#held.get(worker) ?? [])].map((id) => this.#rows.get(id)!)
  }

  #index(row: JobRow): void {
    const uuid = row.read?.uuid
    if (uuid && !this.#idByUuid.has(uuid)) this.#idByUuid.set(uuid, row.id)
    if (row.reservedAt === null) {
      entry(this.#waiting, row.queue, () => new Waiting()).add(row)
    } else if (row.reservedBy !== null) {
      entry(this.#held, row.reservedBy, () => new Set()).add(row.id)
    }
  }

  #unindex(row: JobRow): void {
    const uuid = row.read?.uuid
    if (uuid && this.#idByUuid.get(uuid) === row.id) this.#idByUuid.delete(uuid)
    if (row.reservedAt === null) this.#waiting.get(row.queue)?.delete(row)
    else if (row.reservedBy !== null) this.#held.get(row.reservedBy)?.delete(row.id)
  }
}

/** The name a handler is found by. Rows that Laravel wrote anew lost our columns, so the payload has the last word. */
export function nameOf(row: JobRow): string | null {
  return row.name ?? row.read?.name ?? null
}

/** Whether the job may be attempted only once. */
export function hasSingleTry(row: JobRow, defaultTries?: number): boolean {
  return (row.maxAttempts ?? maxAttemptsOf(row.read) ?? defaultTries) === 1
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
