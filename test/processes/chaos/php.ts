import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { laravelPayload } from '../../support/laravel-postgres.ts'
import type { Kind, Operator } from './kinds.ts'

/** What a Laravel application does to its tables, in its own statements: it dispatches jobs, and two workers run them. */
export interface LaravelApplication {
  readonly dispatched: number
  /** Ids of the rows that were run, as often as they were. */
  readonly run: readonly number[]
  /** Dispatches no more, and ends once nothing is left. */
  end(): Promise<void>
}

const QUEUE = 'php'

export async function startLaravel(kind: Kind, url: string): Promise<LaravelApplication> {
  const now = kind.store === 'postgres' ? 'extract(epoch from now())::integer' : 'unix_timestamp()'
  const run: number[] = []
  let dispatched = 0
  let ending = false

  async function dispatch(operator: Operator): Promise<void> {
    const payload = laravelPayload(randomUUID()).replaceAll('\\', kind.store === 'mysql' ? '\\\\' : '\\')
    await operator.rows(
      `insert into jobs (queue, attempts, reserved_at, available_at, created_at, payload) values ('${QUEUE}', 0, null, ${now}, ${now}, '${payload}')`,
    )
    dispatched++
  }

  async function pop(operator: Operator): Promise<number | undefined> {
    await operator.rows('begin')
    const [job] = await operator.rows<{ id: number; attempts: number }>(`
      select * from jobs where queue = '${QUEUE}' and ((reserved_at is null and available_at <= ${now}) or (reserved_at <= ${now} - 90))
      order by id asc limit 1 for update skip locked`)
    if (job)
      await operator.rows(`update jobs set reserved_at = ${now}, attempts = ${job.attempts + 1} where id = ${job.id}`)
    await operator.rows('commit')
    return job && Number(job.id)
  }

  async function remove(operator: Operator, id: number): Promise<void> {
    await operator.rows('begin')
    await operator.rows(`select * from jobs where id = ${id} limit 1 for update`)
    await operator.rows(`delete from jobs where id = ${id}`)
    await operator.rows('commit')
  }

  async function work(operator: Operator): Promise<void> {
    for (;;) {
      const id = await pop(operator)
      if (id !== undefined) {
        run.push(id)
        await remove(operator, id)
      } else if (ending) return
      else await sleep(20)
    }
  }

  async function dispatchAll(operator: Operator): Promise<void> {
    while (!ending) {
      await dispatch(operator)
      await sleep(5)
    }
  }

  const operators = await Promise.all(Array.from({ length: 3 }, () => kind.operator(url)))
  const [first, second, third] = operators as [Operator, Operator, Operator]
  const all = Promise.all([work(first), work(second), dispatchAll(third)])
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
      await Promise.all(operators.map((operator) => operator.end()))
    },
  }
}
