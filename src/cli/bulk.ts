import type { BulkDone, BulkOptions } from '../client/bulk.ts'
import type { Output } from './output.ts'

/**
 * Runs one action on many rows with a progress bar. Ctrl+C ends it between two chunks; what is done stays done, and the
 * same command begun again does the rest.
 */
export async function inBulk<Done extends BulkDone>(
  output: Output,
  label: string,
  action: (options: BulkOptions) => Promise<Done>,
): Promise<Done> {
  const progress = output.progress(label)
  const interrupt = new AbortController()
  const abort = () => interrupt.abort()
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  try {
    return await action({
      signal: interrupt.signal,
      onProgress: ({ done, total }) => progress.update(done, total),
    })
  } finally {
    progress.end()
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  }
}

/** `1 job`, `2 jobs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
