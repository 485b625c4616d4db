import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { laravelPayload } from '../../support/laravel-postgres.ts'
import type { Kind, Operator } from './kinds.ts'

const QUEUE = 'php'

/** What a Laravel application asks of its tables, in its own statements, on one connection. */
export class LaravelConnection {
  readonly #operator: Operator
  readonly #now: string
  readonly #quoted: (payload: string) => string

  constructor(kind: Kind, operator: Operator) {
    this.#operator = operator
    const isPostgres = kind.store === 'postgres'
    this.#now = isPostgres ? 'extract(epoch from now())::integer' : 'unix_timestamp()'
    this.#quoted = (text) => `'${isPostgres ? text : text.replaceAll('\\', '\\\\')}'`
  }

  static async open(kind: Kind, url: string): Promise<LaravelConnection> {
    return new LaravelConnection(kind, await kind.operator(url))
  }

  async dispatch(): Promise<void> {
    await this.#operator.rows(`
      insert into jobs (queue, attempts, reserved_at, available_at, created_at, payload)
      values ('${QUEUE}', 0, null, ${this.#now}, ${this.#now}, ${this.#quoted(laravelPayload(randomUUID()))})`)
  }

  /** Reserves a job; answers its row's id. */
  async pop(): Promise<number | undefined> {
    const due = `(reserved_at is null and available_at <= ${this.#now}) or (reserved_at <= ${this.#now} - 90)`
    await this.#operator.rows('begin')
    const [job] = await this.#operator.rows<{ id: number; attempts: number }>(
      `select * from jobs where queue = '${QUEUE}' and (${due}) order by id asc limit 1 for update skip locked`,
    )
    if (job) {
      await this.#operator.rows(
        `update jobs set reserved_at = ${this.#now}, attempts = ${job.attempts + 1} where id = ${job.id}`,
      )
    }
    await this.#operator.rows('commit')
    return job && Number(job.id)
  }

  async remove(id: number): Promise<void> {
    await this.#operator.rows('begin')
    await this.#operator.rows(`select * from jobs where id = ${id} limit 1 for update`)
    await this.#operator.rows(`delete from jobs where id = ${id}`)
    await this.#operator.rows('commit')
  }

  end(): Promise<void> {
    return this.#operator.end()
  }
}

/** A Laravel application: it dispatches jobs, and two workers run them. */
export interface LaravelApplication {
  readonly dispatched: number
  /** Ids of the rows that were run, as often as they were. */
  readonly run: readonly number[]
  /** Dispatches no more, and ends once nothing is left. */
  end(): Promise<void>
}

export async function startLaravel(kind: Kind, url: string): Promise<LaravelApplication> {
  const connections = await Promise.all(Array.from({ length: 3 }, () => LaravelConnection.open(kind, url)))
  const [dispatching, ...workers] = connections as [LaravelConnection, ...LaravelConnection[]]
  const run: number[] = []
  let dispatched = 0
  let ending = false

  async function dispatch(): Promise<void> {
    while (!ending) {
      await dispatching.dispatch()
      dispatched++
      await sleep(5)
    }
  }

  async function work(worker: LaravelConnection): Promise<void> {
    for (;;) {
      const id = await worker.pop()
      if (id !== undefined) {
        run.push(id)
        await worker.remove(id)
      } else if (ending) return
      else await sleep(20)
    }
  }

  const all = Promise.all([dispatch(), ...workers.map(work)])
  // Whoever waits for the end is told.
  all.catch(() => {})
  return {
    get dispatched() {
      return dispatched
    },
    run,
    async end() {
      ending = true
      await all
      await Promise.all(connections.map((connection) => connection.end()))
    },
  }
}
