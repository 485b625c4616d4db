import { setTimeout as delay } from 'node:timers/promises'
import { LARGE_GROUPS } from '../contestant.ts'
import { type Served, serve, tokenOf } from '../served.ts'
import type { Course } from './course.ts'
import type { Measured, Scale, Workload } from './list.ts'

/** Pairs of runs of a worker, one with a poll each second and one without, that the slowing is the median of. */
const PAIRS = 5
/** How long the panel has been open when the worker begins. What nobody had counted yet is read in its first seconds, once. */
const OPENED_MS = 5_000

type Part = (on: Course, filled: Filled, served: Served, scale: Scale) => Promise<Measured>

/** One part on tables filled anew, beside a server of its own. */
function part(name: string, what: string, measure: Part): Workload {
  return {
    name,
    number: 'the API',
    mostRounds: 1,
    what,
    measure: ({ scale, course }) =>
      course(async (on): Promise<Measured> => {
        if (!['faena', 'faena-pg', 'faena-mariadb'].includes(on.contestant)) return {}
        const filled = new Filled(on, scale)
        await filled.fill()
        const served = await serve(on.place)
        try {
          return await measure(on, filled, served, scale)
        } finally {
          await served.stop()
        }
      }),
  }
}

export const API: readonly Workload[] = [
  part(
    'api',
    'the API at 100 requests/s on 1M pending and 1M failed jobs',
    async (on, _filled, { port, cpuMs }, { askedMs, failedMany }) => {
      const from = { at: performance.now(), cpuMs: cpuMs() }
      const asked = await on.measured('ask', { port, ms: askedMs, orders: failedMany / 4 })
      const ms = performance.now() - from.at
      const percent = {
        apiPercent: ((cpuMs() - from.cpuMs) / ms) * 100,
        serverPercent: (asked.serverCpuMs! / ms) * 100,
      }
      return { api: { ...asked, ...percent } }
    },
  ),
  part('api-workers', 'a worker beside a panel that asks the API each second', async (on, filled, { port }) => ({
    'api workers': await slowing(on, filled, port),
  })),
  part(
    'api-bulk',
    'a worker beside bulk retries of 100k failed jobs, one across a crash',
    async (on, filled, served) => ({
      'api bulk': await bulkRetry(on, filled, served),
    }),
  ),
]

/** The tables, topped up after each run so that the backlog stays what it is. */
class Filled {
  readonly #on: Course
  readonly #scale: Scale
  #next = 1

  constructor(on: Course, scale: Scale) {
    this.#on = on
    this.#scale = scale
  }

  async fill(): Promise<void> {
    await this.#more(this.#scale.pendingMany, this.#scale.failedMany)
  }

  async topUp(handled: number): Promise<void> {
    await this.#more(handled, 0)
  }

  /** What the database still writes of it to the disk would weigh on whatever is measured next. */
  async #more(pending: number, failed: number): Promise<void> {
    await this.#on.run('fill', { from: this.#next, pending, failed })
    await this.#on.server.rest(this.#on.place)
    this.#next += pending
  }
}

async function slowing(on: Course, filled: Filled, port: number): Promise<Record<string, number>> {
  const worked = async (polled: boolean) => {
    const poll = polled ? await on.start('poll', { port }) : undefined
    await poll?.ready
    poll?.go()
    await delay(OPENED_MS)
    const { jobsPerSecond = 0, handled = 0 } = await on.run('steady', { ms: 6_000 })
    poll?.stop()
    const looks = await poll?.result
    await filled.topUp(handled)
    return { jobsPerSecond, looks }
  }
  const [still, beside, ratios, most]: number[][] = [[], [], [], []]
  for (let pair = 0; pair < PAIRS; pair++) {
    // Whoever comes first in a pair changes: what a run leaves behind weighs on both alike.
    const first = await worked(pair % 2 === 1)
    const second = await worked(pair % 2 === 0)
    const [alone, polled] = pair % 2 === 1 ? [second, first] : [first, second]
    still!.push(alone.jobsPerSecond)
    beside!.push(polled.jobsPerSecond)
    ratios!.push(polled.jobsPerSecond / alone.jobsPerSecond)
    most!.push(polled.looks?.statusMost ?? Number.NaN)
  }
  return {
    alone: median(still!),
    polled: median(beside!),
    slowedPercent: (1 - median(ratios!)) * 100,
    worstPercent: (1 - Math.min(...ratios!)) * 100,
    statusMost: Math.max(...most!),
  }
}

interface Operation {
  id: number
  state: string
  changed: number
}

/** A worker that takes jobs as they come, and whose backlog outlasts what is measured beside it. */
const ORDINARY = { concurrency: 20, workMs: 1 }

/** Three groups of a tenth of the failed jobs: one is retried in peace, one across a crash of the server, one is cancelled. */
async function bulkRetry(on: Course, filled: Filled, served: Served) {
  const api = apiAt(served.port)
  await filled.topUp(200_000)
  const alone = await on.run('steady', { ...ORDINARY, ms: 6_000 })
  await filled.topUp(400_000)
  const before = await api.failed()
  const worker = await on.start('steady', { ...ORDINARY, ms: 600_000 })
  await worker.ready
  worker.go()
  await delay(2_000)

  const from = { at: performance.now(), handled: worker.done }
  const whole = await api.retry(LARGE_GROUPS[0])
  const ended = await api.until(whole.id, ({ state }) => state === 'done')
  const wholeMs = performance.now() - from.at
  const beside = ((worker.done - from.handled) / wholeMs) * 1_000
  const afterWhole = await api.failed()

  const second = await api.retry(LARGE_GROUPS[1])
  await api.until(second.id, ({ changed }) => changed > 0)
  await served.crash()
  const resumedAt = performance.now()
  await api.until(second.id, ({ state }) => state === 'done')
  const resumedMs = performance.now() - resumedAt
  const afterCrash = await api.failed()

  const third = await api.retry(LARGE_GROUPS[2])
  await api.until(third.id, ({ changed }) => changed > 0)
  await api.cancel(third.id)
  // The chunk under way when it was cancelled ends.
  await delay(1_000)
  const cancelled = await api.until(third.id, ({ state }) => state === 'cancelled')
  const afterCancel = await api.failed()
  worker.stop()
  const { longestGapMs = Number.NaN } = await worker.result
  return {
    retried: ended.changed,
    missing: before - afterWhole,
    // The groups are of one size: what came back of the second, across the crash, is what came back of the first.
    exactlyOnce: ended.changed === before - afterWhole && afterWhole - afterCrash === ended.changed ? 1 : 0,
    wholeMs,
    alone: alone.jobsPerSecond!,
    beside,
    besidePercent: (beside / alone.jobsPerSecond!) * 100,
    longestGapMs,
    resumedMs,
    retriedAcrossCrash: afterWhole - afterCrash,
    cancelledAfter: afterCrash - afterCancel,
    cancelledSaid: cancelled.changed,
  }
}

function apiAt(port: number) {
  const headers = { authorization: `Bearer ${tokenOf('the bench')}`, 'content-type': 'application/json' }
  const ask = async (method: string, path: string, more: { body?: string; prefer?: string } = {}) => {
    const { body, prefer } = more
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/queue/${path}`, {
      method,
      headers: { ...headers, ...(prefer !== undefined && { prefer }) },
      ...(body !== undefined && { body }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return JSON.parse(text).data
  }
  return {
    /** Exact once what is kept of the counts is old. */
    async failed(): Promise<number> {
      await delay(2_500)
      await ask('GET', 'status')
      await delay(2_500)
      return (await ask('GET', 'status')).failed_jobs_count
    },
    retry: async (error: string): Promise<Operation> =>
      (await ask('POST', 'retry-all-failed', { body: JSON.stringify({ error }), prefer: 'respond-async' })).operation,
    cancel: (id: number) => ask('DELETE', `operations/${id}`, { body: '' }),
    async until(id: number, holds: (operation: Operation) => boolean): Promise<Operation> {
      for (let tries = 0; tries < 1_200; tries++) {
        const operation: Operation = await ask('GET', `operations/${id}`)
        if (holds(operation)) return operation
        if (['failed', 'cancelled', 'done'].includes(operation.state))
          throw new Error(`operation ${id} is ${operation.state} with ${operation.changed} changed`)
        await delay(150)
      }
      throw new Error(`operation ${id} did not get there`)
    },
  }
}

function median(all: readonly number[]): number {
  return all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? Number.NaN
}
