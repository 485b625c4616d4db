import { sql } from '../sql/sql.ts'
import type { Handle } from './connection.ts'
import type { Context } from './context.ts'
import { among } from './text.ts'

/** Rows read by one step of a look through the whole table. */
const ROWS_PER_STEP = 20_000
/** From so many ids on, and whenever they have doubled, a worker's list is compared with the table. */
const LONG = 1_000

/** A job on a worker's list, in the attempt that it was reserved for. */
interface Hold {
  readonly attempts: number
}

interface List {
  readonly holds: Map<number, Hold>
  compareAt: number
}

/**
 * What workers hold, beside the table. No index of jobs can tell, because each reservation would have to change it; so each
 * reservation writes the worker's list of ids into a row of its own, and a dead worker's jobs are found without a look
 * through the whole table. A list may hold ids of jobs that have ended; it never lacks one that is held.
 */
export class Held {
  readonly #byWorker = new Map<number, List>()

  /** The worker is new, so nothing was reserved for it elsewhere. */
  begin(worker: number): void {
    this.#byWorker.set(worker, { holds: new Map(), compareAt: LONG })
  }

  /** The worker ended. */
  forget(worker: number): void {
    this.#byWorker.delete(worker)
  }

  /**
   * The list with what a reservation takes, before its commit: if that fails, the list has some too many rather than some too
   * few. The worker's row is locked until then, so no other list of it is written in between. Undefined for a worker that was
   * registered elsewhere.
   */
  async with(
    jobs: readonly { id: number; attempts: number }[],
    context: Context,
    handle: Handle,
    worker: number,
  ): Promise<string | undefined> {
    const list = this.#byWorker.get(worker)
    if (list === undefined) return undefined
    if (list.holds.size >= list.compareAt) await compare(list, context, handle, worker)
    for (const { id, attempts } of jobs) list.holds.set(id, { attempts })
    return [...list.holds.keys()].join(',')
  }

  /**
   * To be called before these attempts are settled; what it answers takes them out, those `except` excepted. What the worker
   * was given again, before or meanwhile, stays.
   */
  settling(
    worker: number,
    attempts: readonly { id: number; attempts: number }[],
  ): (except: ReadonlySet<number>) => void {
    const holds = this.#byWorker.get(worker)?.holds
    if (holds === undefined) return () => {}
    const settled = attempts.map(({ id, attempts }) => {
      const hold = holds.get(id)
      return hold?.attempts === attempts ? hold : undefined
    })
    return (except) => {
      for (const [at, { id }] of attempts.entries()) {
        if (settled[at] !== undefined && holds.get(id) === settled[at] && !except.has(id)) holds.delete(id)
      }
    }
  }
}

/** Takes out what ended without our hearing of it (in the application's transactions), once the list has grown long. */
async function compare(list: List, context: Context, handle: Handle, worker: number): Promise<void> {
  const { holds } = list
  const [rows] = await handle.run(
    sql`select id from ${context.names.jobs} where ${among('id', [...holds.keys()])} and reserved_by = ${worker}`,
  )
  const still = new Set(rows!.rows.map(({ id }) => Number(id)))
  for (const id of holds.keys()) if (!still.has(id)) holds.delete(id)
  list.compareAt = Math.max(LONG, holds.size * 2)
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
