import { FaenaError } from '../core/errors.ts'

/**
 * Laravel's commands take a connection's name where ours need none. It must be the one that is configured: otherwise the
 * command would act on another database than the one that was meant.
 */
export function checkConnection(given: string | undefined, configured: string, hint: string): void {
  if (given === undefined || given === configured) return
  throw new FaenaError(
    'BAD_ARGUMENT',
    `connection is ${JSON.stringify(given)}; allowed: ${configured} (set QUEUE_CONNECTION for another). ${hint}`,
  )
}

/** Laravel's `connection:queue` or just a queue; a colon that belongs to a queue's own name is left in it. */
export function queueOf(text: string, connection: string): string {
  return text.startsWith(`${connection}:`) ? text.slice(connection.length + 1) : text
}
