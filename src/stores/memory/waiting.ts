import type { JobRow } from './job-table.ts'

/** The pending jobs of one queue, kept in the order they run in: priority (smaller first), due time, id. */
export class Waiting {
  readonly #rows: JobRow[] = []

  add(row: JobRow): void {
    this.#rows.splice(this.#placeOf(row), 0, row)
  }

  delete(row: JobRow): void {
    const place = this.#placeOf(row)
    if (this.#rows[place]?.id === row.id) this.#rows.splice(place, 1)
  }

  [Symbol.iterator](): Iterator<JobRow> {
    return this.#rows[Symbol.iterator]()
  }

  /** Where the row stands, or would stand: found by halving, so that ten thousand jobs are no burden. */
  #placeOf(row: JobRow): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (runsBefore(this.#rows[middle]!, row)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function runsBefore(a: JobRow, b: JobRow): boolean {
  const [first, second] = [a.priority ?? 0, b.priority ?? 0]
  if (first !== second) return first < second
  if (a.availableAt !== b.availableAt) return a.availableAt < b.availableAt
  return a.id < b.id
}
