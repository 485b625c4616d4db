import { FaenaError } from '../core/errors.ts'
import { queueOf } from './connection-name.ts'
import type { Session } from './session.ts'

/** The queues that words (`orders`, `database:orders`, `high,low`) or `--all` mean. */
export async function queuesMeant(
  { admin, connection }: Session,
  words: readonly string[],
  all: boolean,
): Promise<string[]> {
  if (all) return (await admin.queues()).map(({ queue }) => queue)
  const queues = words.flatMap((word) => queueOf(word, connection.name).split(',')).filter((queue) => queue !== '')
  if (queues.length > 0) return [...new Set(queues)]
  throw new FaenaError('BAD_ARGUMENT', 'No queue is named; give one or several, or --all')
}
