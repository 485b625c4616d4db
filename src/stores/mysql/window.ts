/** A pending job as far as its place in line goes. Times in whole seconds. */
export interface Entry {
  id: number
  priority: number
  availableAt: number
}

/** What a look through all of a queue found: the first in line, the delayed behind the due. */
export interface Scan {
  due: Entry[]
  delayed: Entry[]
  /** At most so many were asked for, of both together; infinitely many where all was read. */
  limit: number
  /** The largest id in the table when it began, of whatever queue. */
  lastId: number
  ms: number
}

/** So short a queue is looked through each time. */
export const SHORT = 2_000
const LEAST = 2_000
const MOST = 128_000
/** Each look reads all of a queue, so that few are to do: it asks for one job in so many ids of it. */
const SHARE_ASKED = 8
/** Where no more than one in so many is left of what a look asked for, the next begins, so that jobs go on meanwhile. */
const SHARE_LEFT = 4
const SCAN_EVERY_MS = 1_000
/** A look as cheap as this is not worth putting off. */
const CHEAP_MS = 20
/** Of the time, at most one part in so many goes into looks that only seek what was put back. */
const SHARE = 20
/** After a look that failed, the next one waits where jobs are left to take meanwhile. */
const PAUSE_MS = 1_000
/** Ids are given before they are committed; the last ones are read again. */
const LATE_IDS = 1_000
const LATE_MS = 2_000

/**
 * The first jobs of one queue in a table that has no index to read them in order: what a look through the queue found,
 * and what arrived since. A short queue is looked through each time. In a long one, jobs that another process put back are
 * found by the next look: each second while looks are cheap, less often where they take long; and before all that a look
 * found has been taken.
 */
export class Window {
  #due: Entry[] = []
  #delayed: Entry[] = []
  readonly #ids = new Set<number>()
  /** There are more than the look asked for: what sorts behind the last one known is not kept. */
  #moreDue = false
  #moreDelayed = false
  /** Whether the queue was so short when last seen that all of it is read with each look. */
  short = false
  #looking: Promise<void> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #outrun = false
  /** Taken while a look was under way: it may have seen them before. */
  readonly #missed = new Set<number>()
  #scannedAt = Number.NEGATIVE_INFINITY
  #scanMs = 0
  #dirty = true
  #taken = 0
  #limit = LEAST
  /** What the last look asked for. */
  #asked = LEAST
  #lastId = 0
  #marks: { id: number; at: number }[] = []

  /**
   * How many the next look asks for: more where they are used up fast, so that looks stay rare. `span` is from the queue's
   * smallest id to its largest.
   */
  limitFor(span: number): number {
    return Math.min(Math.max(this.#limit, Math.ceil(span / SHARE_ASKED)), MOST)
  }

  /** Arrivals have ids above this; there are none before the first look. */
  get arrivedAfter(): number {
    if (this.#scannedAt === Number.NEGATIVE_INFINITY) return Number.MAX_SAFE_INTEGER
    const old = performance.now() - LATE_MS
    while (this.#marks.length > 1 && this.#marks[1]!.at <= old) this.#marks.shift()
    return Math.max(this.#marks[0]?.id ?? 0, this.#lastId - LATE_IDS, 0)
  }

  /** The second in which the next job falls due. */
  get nextDue(): number | null {
    return this.#delayed[0]?.availableAt ?? null
  }

  /** Behind the last one due that is known, there are more that the look did not ask for. */
  get isCut(): boolean {
    return this.#moreDue || (this.#moreDelayed && this.#delayed.length === 0)
  }

  /** Something may have been put back that no arrival tells of. */
  lower(): void {
    this.#dirty = true
  }

  /** Others were faster with all that was tried, and there are more: the next look is waited for. */
  outrun(): void {
    this.#outrun = true
  }

  /** The look that is under way, or the one that `look` begins. */
  lookedThrough(look: () => Promise<void>): Promise<void> {
    if (this.#looking) return this.#looking
    this.#missed.clear()
    this.#looking = look()
      .catch((error: unknown) => {
        this.#failedAt = performance.now()
        throw error
      })
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  /** Whether `wanted` jobs can be taken from here while a look is under way. */
  hasDue(wanted: number, span: number): boolean {
    return span >= SHORT && this.#due.length >= wanted && !this.#outrun
  }

  /** Whether it is time to look through the queue, `wanted` jobs being asked for. */
  needsScan(wanted: number, span: number): boolean {
    if (span < SHORT || this.#outrun) return true
    if (performance.now() - this.#failedAt < PAUSE_MS && this.hasDue(wanted, span)) return false
    const age = performance.now() - this.#scannedAt
    if (age >= Math.max(SCAN_EVERY_MS, this.#scanMs * SHARE)) return true
    if (this.isCut && this.#due.length < Math.max(wanted, this.#asked / SHARE_LEFT)) return true
    return this.#scanMs < CHEAP_MS && (this.#dirty || this.#due.length < wanted)
  }

  /** All that waits in a short queue. */
  read(entries: readonly Entry[], second: number, lastId: number): void {
    const due = entries.filter(({ availableAt }) => availableAt <= second).sort(inLine)
    const delayed = entries.filter(({ availableAt }) => availableAt > second).sort(byTime)
    this.scanned({ due, delayed, limit: Number.POSITIVE_INFINITY, lastId, ms: 0 })
  }

  scanned({ due, delayed, limit, lastId, ms }: Scan): void {
    if (this.#taken >= this.#asked / 2) this.#limit = Math.min(this.#asked * 4, MOST)
    else if (this.#taken < this.#asked / 8) this.#limit = Math.max(this.#limit / 2, LEAST)
    this.#asked = limit
    this.#due = due.filter(({ id }) => !this.#missed.has(id))
    this.#delayed = delayed
    this.#missed.clear()
    this.#moreDelayed = due.length + delayed.length === limit
    this.#moreDue = due.length === limit
    this.#ids.clear()
    for (const { id } of this.#due) this.#ids.add(id)
    for (const { id } of delayed) this.#ids.add(id)
    this.#scannedAt = performance.now()
    this.#scanMs = ms
    this.#dirty = false
    this.#outrun = false
    this.#taken = 0
    // What arrived while the look was under way is asked for again, and for a while what was given an id before it.
    this.#lastId = lastId
    const at = performance.now()
    this.#marks = [
      { id: 0, at },
      { id: lastId, at },
    ]
  }

  /** Jobs that arrived, or that were read again; `second` tells the delayed from the due. */
  arrived(entries: readonly Entry[], second: number): void {
    for (const entry of entries) {
      if (this.#ids.has(entry.id)) continue
      if (entry.availableAt <= second) this.#keep(this.#due, entry, inLine, this.#moreDue)
      else this.#keep(this.#delayed, entry, byTime, this.#moreDelayed)
    }
    const last = entries.reduce((most, { id }) => Math.max(most, id), 0)
    if (last > this.#lastId) this.#seen(last)
  }

  /**
   * Moves what has fallen due, then answers the first `count` jobs in line, but for those in `except`: a look may have
   * brought a new line between two calls of one reservation.
   */
  first(count: number, second: number, except: ReadonlySet<number> = new Set()): Entry[] {
    let ripe = 0
    while (ripe < this.#delayed.length && this.#delayed[ripe]!.availableAt <= second) ripe++
    for (const entry of this.#delayed.splice(0, ripe)) insertSorted(this.#due, entry, inLine)
    if (except.size === 0) return this.#due.slice(0, count)
    const found: Entry[] = []
    for (let at = 0; at < this.#due.length && found.length < count; at++) {
      if (!except.has(this.#due[at]!.id)) found.push(this.#due[at]!)
    }
    return found
  }

  /** These were taken, by us or by others, or are not ours after all. */
  drop(ids: ReadonlySet<number>): void {
    if (ids.size === 0) return
    // Mostly they are the first ones, and what is left may be long.
    let first = 0
    while (first < this.#due.length && ids.has(this.#due[first]!.id)) first++
    this.#due.splice(0, first)
    if (first < ids.size) this.#due = this.#due.filter(({ id }) => !ids.has(id))
    for (const id of ids) {
      this.#ids.delete(id)
      if (this.#looking) this.#missed.add(id)
    }
    this.#taken += ids.size
  }

  #keep(list: Entry[], entry: Entry, order: (a: Entry, b: Entry) => number, more: boolean): void {
    const last = list.at(-1)
    if (more && (last === undefined || order(entry, last) > 0)) return
    insertSorted(list, entry, order)
    this.#ids.add(entry.id)
  }

  #seen(id: number): void {
    this.#lastId = Math.max(this.#lastId, id)
    this.#marks.push({ id: this.#lastId, at: performance.now() })
  }
}

/** Jobs arrive mostly in order, so the place is looked for from the end. */
function insertSorted(list: Entry[], entry: Entry, order: (a: Entry, b: Entry) => number): void {
  if (list.length === 0 || order(list.at(-1)!, entry) <= 0) {
    list.push(entry)
    return
  }
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (order(list[middle]!, entry) <= 0) low = middle + 1
    else high = middle
  }
  list.splice(low, 0, entry)
}

function inLine(a: Entry, b: Entry): number {
  return a.priority - b.priority || byTime(a, b)
}

function byTime(a: Entry, b: Entry): number {
  return a.availableAt - b.availableAt || a.id - b.id
}
