import type { Place } from '../contestant.ts'

/** What a server had done when it was asked; differences are what a workload cost. */
export interface Counters {
  cpuMs: number
  logBytes: number
  /** Times the log was brought to the disk; NaN where the server does not tell. */
  logSyncs: number
}

/** A throwaway server, or none where the database lives in the contestant's own process. */
export interface Server {
  readonly version: string
  /** A fresh, empty place. */
  place(): Promise<Place>
  drop(place: Place): Promise<void>
  /** Between load and drain, for every contestant alike: statistics made and dirty pages written. */
  rest(place: Place): Promise<void>
  counters(): Promise<Counters>
  /** Resolves when nobody is connected any more and their processes are gone, or after two seconds: some servers count only what has ended. */
  left?(): Promise<void>
  /** Memory of all its processes now, shared pages counted once. */
  memoryMiB(): number
  /** Holds a snapshot of now until the answer is called. */
  snapshot?(place: Place): Promise<() => Promise<void>>
  stop(): Promise<void>
}
