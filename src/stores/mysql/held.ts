import { sql } from '../sql/sql.ts'
import type { Handle } from './connection.ts'
import type { Context } from './context.ts'
import { among } from './text.ts'

/** Rows read by one step of a look through the whole table. */
const ROWS_PER_STEP = 20_000
/** From here on, and whenever it doubled, a worker's list is compared with the table. */
const LONG = 4_000

/**
 * What workers hold, beside the table. No index of jobs can tell, because each reservation would have to change it; so each
 * reservation writes the worker's list of ids into a row of its own, and a dead worker's jobs are found without a look
 * through the whole table. A list may hold ids of jobs that have ended; it never lacks one that is held.
 */
export class Held {
  readonly #byWorker = new Map<number, { ids: Set<number>; compareAt: number }>()

  /** The worker is new, so nothing was reserved for it elsewhere. */
  begin(worker: number): void {
    this.#byWorker.set(worker, { ids: new Set(), compareAt: LONG })
  }

  add(worker: number, ids: readonly number[]): void {
    const held = this.#byWorker.get(worker)
    if (held) for (const id of ids) held.ids.add(id)
  }

  settled(worker: number, ids: readonly number[]): void {
    const held = this.#byWorker.get(worker)
    if (held) for (const id of ids) held.ids.delete(id)
  }

  /** Undefined for a worker that was registered elsewhere: what it holds is not known here. */
  of(worker: number): ReadonlySet<number> | undefined {
    return this.#byWorker.get(worker)?.ids
  }

  end(worker: number): void {
    this.#byWorker.delete(worker)
  }

  /** Takes out what ended without our hearing of it (in the application's transactions), once the list has grown long. */
  async compare(context: Context, handle: Handle, worker: number): Promise<void> {
    const held = this.#byWorker.get(worker)
    if (held === undefined || held.ids.size < held.compareAt) return
    const [rows] = await handle.run(
      sql`select id from ${context.names.jobs} where ${among('id', [...held.ids])} and reserved_by = ${worker}`,
    )
    held.ids = new Set(rows!.rows.map(({ id }) => Number(id)))
    held.compareAt = Math.max(LONG, held.ids.size * 2)
  }
}

/** The ids of the jobs a worker holds and perhaps of some that have ended, in order. */
export async function heldBy(context: Context, handle: Handle, worker: number): Promise<number[]> {
  const [row] = await handle.run(sql`select ids from ${context.names.holds} where worker = ${worker}`)
  const ids = row!.rows[0]?.ids
  return typeof ids === 'string' ? readIds(ids) : lookThrough(context, handle, worker)
}

export function readIds(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number)
}

/** In steps of bounded length. */
async function lookThrough(context: Context, handle: Handle, worker: number): Promise<number[]> {
  const { jobs } = context.names
  const found: number[] = []
  for (let after = 0; ; ) {
    const [step] = await handle.run(
      sql`select max(id) as top, count(*) as amount from (select id from ${jobs} where id > ${after} order by id limit ${ROWS_PER_STEP}) step`,
    )
    const { top, amount } = step!.rows[0]!
    if (top === null) return found
    const [some] = await handle.run(
      sql`select id from ${jobs} where id > ${after} and id <= ${Number(top)} and reserved_by = ${worker} and reserved_at is not null order by id`,
    )
    found.push(...some!.rows.map(({ id }) => Number(id)))
    if (Number(amount) < ROWS_PER_STEP) return found
    after = Number(top)
  }
}
