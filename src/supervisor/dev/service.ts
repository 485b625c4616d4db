import type { ProcessPlan } from '../../core/processes.ts'
import type { Ending } from '../process.ts'

/** One thing that `faena dev` keeps running. */
export interface Service {
  readonly name: string
  readonly dependsOn: readonly string[]
  /** It runs to its end, and others wait for that. */
  readonly once: boolean
  readonly restartsOnChange: boolean
  /** How one knows that it can be used, beside `Started.ready`. */
  readonly ready: Pick<ProcessPlan, 'ready' | 'readyWithinMs'> | null
  start(print: (chunk: Buffer | null) => void): Started
}

export interface Started {
  pid: number | undefined
  /** Whether it came so far. */
  ready: Promise<boolean>
  ended: Promise<Ending>
  /** In good order; what does not obey is killed when its grace is over. */
  stop(): void
  kill(): void
}
