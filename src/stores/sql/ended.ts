import { FaenaError } from '../../core/errors.ts'

/** How long the server may take over a read that its caller waits for so long: the answer that it was ended comes in time. */
export function endsAfter(callersMs: number): number {
  return Math.max(1, Math.floor(callersMs * 0.9))
}

export interface Ended {
  /** Ms that the read had at most. Waiting for a connection took what is missing of `wantedMs`. */
  ms: number
  wantedMs: number
  /** It finds its rows by a key: there was nothing less to ask for. */
  lookUp?: boolean
}

/** What a caller is told of a read that was ended: that it asked for too much, unless it did not. */
export function readEnded(server: string, { ms, wantedMs, lookUp = false }: Ended, cause: unknown): FaenaError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const ended = `${server} ended a read that was given ${Math.round(ms)} ms at most: ${text}`
  if (lookUp || ms < wantedMs / 2) return new FaenaError('STORE_UNAVAILABLE', ended, { cause, inDoubt: false })
  return new FaenaError('READ_TIMED_OUT', `${ended}; ask for less, or look who keeps a table locked`, { cause })
}
