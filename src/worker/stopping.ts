/**
 * Why a worker ended. `interrupted`: it was told to (stop(), a command, a signal). `stuck`: a handler did not end after
 * its timeout. The others are Laravel's reasons of the same names.
 */
export type StopReason = 'interrupted' | 'restart' | 'memory' | 'empty' | 'max_time' | 'max_jobs' | 'stuck'

export interface StopRules {
  /** 0 = off, as for all of them. */
  memoryLimitBytes: number
  maxTimeMs: number
  maxJobs: number
}

export interface Standing {
  /** Measured only where there is a limit. */
  memoryBytes: () => number
  /** The last look found nothing, and nothing is left here either. */
  empty: boolean
  aliveMs: number
  jobs: number
}

/**
 * Whether the worker should end now, and why: Laravel's checks between two jobs, in its order. A restart comes before
 * them all; it is acted on as soon as the command arrives.
 */
export function reasonToStop(rules: StopRules, standing: Standing): StopReason | undefined {
  if (rules.memoryLimitBytes > 0 && standing.memoryBytes() >= rules.memoryLimitBytes) return 'memory'
  if (standing.empty) return 'empty'
  if (rules.maxTimeMs > 0 && standing.aliveMs >= rules.maxTimeMs) return 'max_time'
  if (rules.maxJobs > 0 && standing.jobs >= rules.maxJobs) return 'max_jobs'
  return undefined
}
