import { existsSync, readFileSync } from 'node:fs'
import type { Store } from '../../src/store.ts'
import { isDoomed } from './jobs.ts'

export interface Ledger {
  dispatched: number
  ended: number
  failed: number
  /** Run to their end twice, the first time by a process that was killed before it could say so. */
  twiceByKill: number
  /** What must not be: numbers of jobs, at most ten of each kind. */
  wrong: {
    /** Acknowledged, and neither run to its end nor among the failed ones. */
    lost: number[]
    /** Run to its end twice, and nobody had killed the first process. */
    twice: number[]
    /** Run to its end although it failed for good, or the reverse. */
    mixedUp: number[]
  }
}

/** What became of all jobs, by what handlers wrote, what the producer was told, and what lies in `failed_jobs`. */
export async function readLedger(
  store: Store,
  paths: { dispatched: string; ended: string },
  killed: ReadonlySet<number>,
): Promise<Ledger> {
  const dispatched = linesOf(paths.dispatched).map(Number)
  const firstBy = new Map<number, number>()
  const twice: number[] = []
  let twiceByKill = 0
  for (const line of linesOf(paths.ended)) {
    const [number, pid] = line.split(' ').map(Number) as [number, number]
    const before = firstBy.get(number)
    if (before === undefined || killed.has(before)) {
      if (before !== undefined) twiceByKill++
      firstBy.set(number, pid)
    } else twice.push(number)
  }
  const failed = await failedNumbers(store)
  return {
    dispatched: dispatched.length,
    ended: firstBy.size,
    failed: failed.size,
    twiceByKill,
    wrong: {
      lost: some(dispatched, (number) => !firstBy.has(number) && !failed.has(number)),
      twice: twice.slice(0, 10),
      mixedUp: some(
        dispatched,
        (number) => firstBy.has(number) === failed.has(number) || failed.has(number) !== isDoomed(number),
      ),
    },
  }
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

function some(numbers: readonly number[], is: (number: number) => boolean): number[] {
  return numbers.filter(is).slice(0, 10)
}

async function failedNumbers(store: Store): Promise<Set<number>> {
  const numbers = new Set<number>()
  for (let cursor: string | undefined; ; ) {
    const { rows, next } = await store.listFailed({}, { limit: 200, cursor, order: 'oldest' })
    for (const { payload } of rows) numbers.add((JSON.parse(payload) as { data: { number: number } }).data.number)
    if (next === null) return numbers
    cursor = next
  }
}
