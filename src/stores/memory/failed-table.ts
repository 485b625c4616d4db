import type { FailedLabel } from '../../store.ts'

/** A row of `failed_jobs`, and beside it what lists find it by. */
export interface FailedRow {
  readonly id: number
  readonly uuid: string
  readonly connection: string
  readonly queue: string
  readonly payload: string
  readonly exception: string
  /** Unix ms of a whole second. */
  readonly failedAt: number
  readonly failedAtText: string
  /** Null for a row that somebody else wrote, until it is labelled. */
  readonly label: Label | null
}

export type Label = Omit<FailedLabel, 'id' | 'uuid'>

/** The table `failed_jobs`. Its uuid is unique: a second failure of a uuid takes the first one's place. */
export class FailedTable {
  readonly #rows = new Map<number, FailedRow>()
  readonly #idByUuid = new Map<string, number>()
  #lastId = 0

  get lastId(): number {
    return this.#lastId
  }

  insert(columns: Omit<FailedRow, 'id'>): FailedRow {
    const old = this.byUuid(columns.uuid)
    if (old) this.delete(old)
    this.#lastId += 1
    const row = { ...columns, id: this.#lastId }
    this.#rows.set(row.id, row)
    this.#idByUuid.set(row.uuid, row.id)
    return row
  }

  label({ id, uuid, ...label }: FailedLabel): void {
    const row = this.#rows.get(id)
    if (row?.uuid === uuid) this.#rows.set(id, { ...row, label })
  }

  delete(row: FailedRow): void {
    this.#rows.delete(row.id)
    this.#idByUuid.delete(row.uuid)
  }

  byId(id: number): FailedRow | undefined {
    return this.#rows.get(id)
  }

  byUuid(uuid: string): FailedRow | undefined {
    const id = this.#idByUuid.get(uuid)
    return id === undefined ? undefined : this.#rows.get(id)
  }

  /** All rows by ascending id. */
  all(): FailedRow[] {
    return [...this.#rows.values()]
  }
}
