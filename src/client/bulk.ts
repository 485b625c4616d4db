import { setTimeout as sleep } from 'node:timers/promises'
import { notAllowed } from '../core/errors.ts'
import { wholeNumber } from '../core/job.ts'
import type { Chunk, ChunkDone } from '../store.ts'

export interface BulkOptions {
  /** Called after every chunk. */
  onProgress?: (progress: BulkProgress) => void
  /** Ends the action between two chunks; what is done stays done. */
  signal?: AbortSignal
  /** At most so many jobs per second, so that a repair does not flood what they call. */
  ratePerSecond?: number
  /** Jobs per step; default 500. */
  chunk?: number
}

export interface BulkProgress {
  done: number
  /** How many there were at the start; null where that is not known. */
  total: number | null
}

export interface BulkDone {
  changed: number
  /** Matched but left as they were: running jobs of a change, taken unique keys of a retry. */
  skipped: number
  /** False if the signal ended it early. */
  complete: boolean
}

interface Bulk extends BulkOptions {
  /** Ids above this came after the action began and are left alone. */
  upTo: number
  total: number | null
}

/**
 * One action on many rows, chunk by chunk, so that no statement holds a lock for long. Each chunk is one step of the
 * store: an error or a crash leaves whole chunks done, and the same action begun again does the rest.
 */
export async function inChunks(step: (chunk: Chunk) => Promise<ChunkDone>, bulk: Bulk): Promise<BulkDone> {
  const { upTo, total, signal, onProgress, ratePerSecond } = bulk
  const limit = chunkSize(bulk)
  const began = performance.now()
  const sum = { changed: 0, skipped: 0 }
  let after: number | undefined
  for (;;) {
    if (signal?.aborted) return { ...sum, complete: false }
    const done = await step({ limit, upTo, ...(after !== undefined && { after }) })
    sum.changed += done.changed
    sum.skipped += done.skipped
    onProgress?.({ done: sum.changed + sum.skipped, total })
    if (done.next === null) return { ...sum, complete: true }
    after = done.next
    if (ratePerSecond !== undefined) await until(began + (sum.changed / ratePerSecond) * 1_000, signal)
  }
}

/** With a rate, a step is a tenth of a second's share, so that the jobs come evenly and not in bursts. */
function chunkSize({ chunk = 500, ratePerSecond }: BulkOptions): number {
  wholeNumber(chunk, 1, 5_000, 'chunk')
  if (ratePerSecond === undefined) return chunk
  if (!(ratePerSecond > 0)) throw notAllowed('BAD_ARGUMENT', 'ratePerSecond', ratePerSecond, 'a number above 0')
  return Math.max(1, Math.min(chunk, Math.floor(ratePerSecond / 10)))
}

async function until(at: number, signal: AbortSignal | undefined): Promise<void> {
  const ms = at - performance.now()
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
}
