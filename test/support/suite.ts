import { describe } from 'vitest'
import type { Chunk, ChunkDone, NewWorker, Pushed, Reclaimed } from '../../src/store.ts'
import type { Harness, HarnessOptions } from './harness.ts'
import { type JobWish, newJob } from './jobs.ts'
import { stores } from './stores.ts'
import { reclaimAll, startWorker, type TestWorker } from './worker.ts'

/** A harness with the steps most cases begin with. `await using` closes it at the end of the case. */
export interface Given extends Harness, AsyncDisposable {
  worker(options?: Partial<NewWorker>): Promise<TestWorker>
  /** Pushes one job. */
  job(wish?: JobWish): Promise<Pushed>
  /** Reclaims until no dead worker is left. */
  reclaimAll(): Promise<Reclaimed>
}

/** The same cases for every store. */
export function eachStore(group: string, cases: (open: (options?: HarnessOptions) => Promise<Given>) => void): void {
  describe.each(stores)(`${group} ($name)`, ({ open }) => cases(async (options) => given(await open(options))))
}

/** Runs a bulk action chunk by chunk to its end. */
export async function inChunks(
  action: (chunk: Chunk) => Promise<ChunkDone>,
  chunk: { limit: number; upTo: number },
): Promise<{ changed: number; skipped: number; chunks: number }> {
  const sum = { changed: 0, skipped: 0, chunks: 0 }
  for (let after: number | null = 0; after !== null; ) {
    const done: ChunkDone = await action({ ...chunk, after })
    sum.changed += done.changed
    sum.skipped += done.skipped
    sum.chunks += 1
    if (done.next !== null && done.next <= after) throw new Error(`chunk ${sum.chunks} did not get past id ${after}`)
    after = done.next
  }
  return sum
}

function given(harness: Harness): Given {
  const { store } = harness
  return {
    ...harness,
    worker: (options) => startWorker(store, options),
    job: async (wish) => {
      const [pushed] = await store.push([newJob(wish)])
      if (pushed === undefined) throw new Error('push gave no answer')
      return pushed
    },
    reclaimAll: () => reclaimAll(store),
    [Symbol.asyncDispose]: () => harness.close(),
  }
}
