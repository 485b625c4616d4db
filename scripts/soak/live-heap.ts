/**
 * Loaded into every process of a soak. Left alone, V8 lets a heap grow for minutes before it collects all of it, so that what
 * is really held cannot be told from what only has not been collected yet. Here all is collected every ten seconds, and what is left is
 * written down: the live heap, to a few kilobytes.
 */
import { appendFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const EVERY_MS = 10_000

const path = process.env.SOAK_HEAPS
if (path !== undefined && isMainThread && globalThis.gc !== undefined) {
  const collect = globalThis.gc
  setInterval(() => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    appendFileSync(path, `${process.pid} ${heapUsed + external}\n`)
  }, EVERY_MS).unref()
}
