/** What the watch knows from one look to the next; kept in the store, since the next look may be another process's. */
export interface WatchState {
  /** Failed jobs up to this id are done with. */
  above: number
  /** The largest id as it was at `markedAt`: by the time the mark is old, all below it are to be seen. */
  mark: number
  markedAt: number
  /** Of failed jobs above `above`, by fingerprint: how many were counted, and the newest of them. */
  counted: Record<string, [count: number, lastId: number]>
  /** Since when a queue that must have a worker has none. */
  unserved: Record<string, number>
  /** Next run of each schedule, as it was at the last look. */
  runs: Record<string, number>
  /** When notices went out, within the last hour. */
  told: number[]
  /** Alerts that are open. */
  open: number
}

/** Where nobody watched before: what failed until now is nothing new. */
export function firstState(lastFailed: number, now: number): WatchState {
  return { above: lastFailed, mark: lastFailed, markedAt: now, counted: {}, unserved: {}, runs: {}, told: [], open: 0 }
}

/** Undefined for what another version, or nobody, left. */
export function readState(text: string | null): WatchState | undefined {
  if (text === null) return undefined
  try {
    const state = JSON.parse(text) as WatchState
    return typeof state.above === 'number' && typeof state.mark === 'number' ? state : undefined
  } catch {
    return undefined
  }
}
