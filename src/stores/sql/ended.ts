import { FaenaError } from '../../core/errors.ts'

/** How long the server may take over a read that its caller waits for so long: the answer that it was ended comes in time. */
export function endsAfter(callersMs: number): number {
  return Math.max(1, Math.floor(callersMs * 0.9))
}

/** What a caller is told of a read that the server ended. */
export function readEnded(server: string, ms: number, cause: unknown): FaenaError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new FaenaError(
    'READ_TIMED_OUT',
    `${server} ended a read that it was given ${Math.round(ms)} ms for: ${text}; ask for less, or look who keeps a table locked`,
    { cause },
  )
}
