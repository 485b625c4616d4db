import { sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import type { Handle } from './connection.ts'
import type { Context } from './context.ts'

/** Rows read by one step of a look through the whole table. */
const ROWS_PER_STEP = 20_000

/**
 * Jobs that workers of this process hold, as far as they were reserved through this store; some may have ended since. It
 * spares a worker that stops the look through the whole table that finds a dead worker's jobs: no index knows who holds
 * what, because each reservation would have to change it.
 */
export class Held {
  readonly #byWorker = new Map<number, Set<number>>()

  /** The worker is new, so nothing was reserved for it elsewhere. */
  begin(worker: number): void {
    this.#byWorker.set(worker, new Set())
  }

  add(worker: number, ids: readonly number[]): void {
    const held = this.#byWorker.get(worker)
    if (held) for (const id of ids) held.add(id)
  }

  settled(worker: number, ids: readonly number[]): void {
    const held = this.#byWorker.get(worker)
    if (held) for (const id of ids) held.delete(id)
  }

  /** A reservation's answer was lost: what the worker holds is not known any more. */
  doubt(worker: number): void {
    this.#byWorker.delete(worker)
  }

  /** At least all that the worker holds; undefined where that is not known. */
  of(worker: number): ReadonlySet<number> | undefined {
    return this.#byWorker.get(worker)
  }

  end(worker: number): void {
    this.#byWorker.delete(worker)
  }
}

/** The jobs a worker holds, found by a look through the whole table in steps of bounded length. */
export async function heldBy(context: Context, handle: Handle, worker: number): Promise<{ id: number }[]> {
  const { jobs } = context.names
  const found: { id: number }[] = []
  for (let after = 0; ; ) {
    const [bound] = await handle.run(
      sql`select max(id) as last, count(*) as rows_seen from (select id from ${jobs} where id > ${after} order by id limit ${ROWS_PER_STEP}) step`,
    )
    const { last, rows_seen: rows } = bound!.rows[0] as SqlRow
    if (last === null) return found
    const [some] = await handle.run(
      sql`select id from ${jobs} where id > ${after} and id <= ${Number(last)} and reserved_by = ${worker} and reserved_at is not null order by id`,
    )
    found.push(...some!.rows.map(({ id }) => ({ id: Number(id) })))
    if (Number(rows) < ROWS_PER_STEP) return found
    after = Number(last)
  }
}
