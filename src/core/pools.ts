import { type Backoff, type StoredBackoff, storedBackoff } from './backoff.ts'
import type { Duration } from './duration.ts'
import { wholeNumber } from './job.ts'
import { bad, durationOf, oneOf, queuesOf } from './readers.ts'

export const BALANCES = ['off', 'simple', 'auto'] as const
export const SCALE_RULES = ['time', 'size'] as const

/** How the processes of a pool are shared among its queues. */
export type Balance = (typeof BALANCES)[number]

/**
 * A group of worker processes that `faena supervise` keeps running. What is left out, the configuration decides for all
 * workers.
 */
export interface PoolDefinition {
  /** In strict order with `balance: 'off'`; default: those of the configuration. */
  queues?: string | readonly string[]
  /** How many, or from how many to how many; default 1. With `balance: 'auto'`, `min` is of each queue (1 with a number). */
  processes?: number | { min: number; max: number }
  /**
   * `'off'` (default): every process serves all queues, in strict order. `'simple'`: each queue has its own processes, as many
   * as the others. `'auto'`: each queue has its own, and they move to the queue that waits.
   */
  balance?: Balance
  /** Between min and max: by how long what waits would take (`'time'`, default), or by how many wait (`'size'`). */
  scaleBy?: (typeof SCALE_RULES)[number]
  /** By time: within how long what waits should have begun; default 10 s. */
  waitTarget?: Duration
  /** By size: how many waiting jobs call for one more process; default 100. */
  sizeTarget?: number
  /** Least time between two steps of one queue's processes; default 3 s. */
  cooldown?: Duration
  /** Processes per step; default 1. */
  maxShift?: number
  /** How long fewer processes must have been enough before one leaves; default 30 s. */
  holdDown?: Duration
  concurrency?: number
  tries?: number
  timeout?: Duration
  backoff?: Exclude<Backoff, (...given: never[]) => unknown>
  lease?: Duration
  sleep?: Duration
  /** After each job. */
  rest?: Duration
  /** What running jobs get after a stop; default 10 s. */
  grace?: Duration
  /** Megabytes of a process from which on another takes its place; 0 = no limit (default), as for the next two. */
  memory?: number
  maxJobs?: number
  maxAge?: Duration
}

/** A pool as it is run: plain data. Times in ms. What is undefined, the worker process decides. */
export interface PoolPlan {
  name: string
  queues?: readonly string[]
  min: number
  max: number
  balance: Balance
  scaleBy: 'time' | 'size'
  waitTargetMs: number
  sizeTarget: number
  cooldownMs: number
  maxShift: number
  holdDownMs: number
  concurrency: number
  tries?: number
  timeoutMs?: number
  backoff?: StoredBackoff
  leaseMs?: number
  sleepMs?: number
  restMs?: number
  graceMs?: number
  memoryMb: number
  maxJobs: number
  maxAgeMs: number
}

const KEYS =
  'queues processes balance scaleBy waitTarget sizeTarget cooldown maxShift holdDown concurrency tries timeout backoff lease ' +
  'sleep rest grace memory maxJobs maxAge'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const MOST_PROCESSES = 1_000
const HOUR = 3_600_000

/** What pools inherit where they say nothing. */
export interface PoolStandards {
  /** Undefined: nobody named any, and each worker asks its handlers. */
  queues: readonly string[] | undefined
  concurrency: number
}

/** All pools of `pools` in the configuration, checked. Throws an error that names the pool, the setting and the value. */
export function poolsOf(value: unknown, where: string, standards: PoolStandards): PoolPlan[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(where, value, "an object of pools by name: { 'my-worker': { processes: 2 } }")
  const pools = Object.entries(value).map(([name, pool]) => poolPlan(name, pool, where, standards))
  if (pools.length === 0) throw bad(where, value, "at least one pool: { 'my-worker': { processes: 2 } }")
  return pools
}

/** The pool that runs where the configuration speaks of none. */
export function standardPool(standards: PoolStandards): PoolPlan {
  return poolPlan('worker', {}, 'pools', standards)
}

function poolPlan(name: string, pool: unknown, where: string, standards: PoolStandards): PoolPlan {
  if (!NAME.test(name)) throw bad(`a pool of ${where}`, name, 'letters, digits, dots, dashes, underscores; at most 63')
  const at = (key: string) => `${key} of pool ${name} of ${where}`
  if (typeof pool !== 'object' || pool === null || Array.isArray(pool))
    throw bad(`pool ${name} of ${where}`, pool, `an object of ${KEYS.replaceAll(' ', ', ')}`)
  const given = pool as PoolDefinition
  const unknown = Object.keys(given).find((key) => !KEYS.split(' ').includes(key))
  if (unknown !== undefined) throw bad(`a setting of pool ${name} of ${where}`, unknown, KEYS.replaceAll(' ', ', '))

  function optional<T, U>(key: keyof PoolDefinition, read: (value: T, name: string) => U): U | undefined {
    const one = given[key] as T | undefined
    return one === undefined ? undefined : read(one, at(key))
  }
  const duration = (key: keyof PoolDefinition, least = 0, most = Number.POSITIVE_INFINITY) =>
    optional(key, (one: Duration, label) => durationOf(one, label, least, most))
  const whole = (key: keyof PoolDefinition, least: number, most: number) =>
    optional(key, (one: number, label) => wholeNumber(one, least, most, label))

  const balance = optional('balance', (one, label) => oneOf(BALANCES, one, label)) ?? 'off'
  const plan: PoolPlan = {
    name,
    queues: optional('queues', queuesOf) ?? standards.queues,
    ...processesOf(given.processes ?? 1, at('processes'), balance),
    balance,
    scaleBy: optional('scaleBy', (one, label) => oneOf(SCALE_RULES, one, label)) ?? 'time',
    waitTargetMs: duration('waitTarget', 1) ?? 10_000,
    sizeTarget: whole('sizeTarget', 1, 1e9) ?? 100,
    cooldownMs: duration('cooldown', 100, HOUR) ?? 3_000,
    maxShift: whole('maxShift', 1, MOST_PROCESSES) ?? 1,
    holdDownMs: duration('holdDown', 0, 24 * HOUR) ?? 30_000,
    concurrency: whole('concurrency', 1, 10_000) ?? standards.concurrency,
    tries: whole('tries', 0, 65_535),
    timeoutMs: duration('timeout'),
    backoff: optional('backoff', (one: Backoff, label) => storedBackoff(one, label)),
    leaseMs: duration('lease', 1_000, HOUR),
    sleepMs: duration('sleep', 1, HOUR),
    restMs: duration('rest'),
    graceMs: duration('grace', 0, 24 * HOUR),
    memoryMb: whole('memory', 0, 1_048_576) ?? 0,
    maxJobs: whole('maxJobs', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    maxAgeMs: duration('maxAge') ?? 0,
  }
  checkBalance(plan, at)
  return plan
}

function checkBalance(plan: PoolPlan, at: (key: string) => string): void {
  const { queues, balance, min, max } = plan
  if (queues === undefined && (balance !== 'off' || max > min)) {
    throw bad(
      at('queues'),
      undefined,
      'the names of the queues, since processes are shared among them or scaled by them',
    )
  }
  if (balance === 'off' || queues === undefined) return
  if (balance === 'simple' && max > min)
    throw bad(at('processes'), { min, max }, "a number with balance 'simple', which moves no process ('auto' does)")
  const each = balance === 'auto' ? min : 1
  if (max >= queues.length * each) return
  const why = `it serves ${queues.length} queues, ${each} for each`
  throw bad(at('processes'), max, `at least ${queues.length * each}: ${why}`)
}

function processesOf(value: unknown, name: string, balance: Balance): { min: number; max: number } {
  if (typeof value === 'number') {
    const max = wholeNumber(value, 1, MOST_PROCESSES, name)
    return { min: balance === 'auto' ? 1 : max, max }
  }
  const allowed = `a whole number, or { min, max }, from 1 to ${MOST_PROCESSES}`
  if (typeof value !== 'object' || value === null) throw bad(name, value, allowed)
  const { min, max, ...rest } = value as { min: number; max: number }
  if (Object.keys(rest).length > 0) throw bad(name, value, allowed)
  wholeNumber(min, 1, MOST_PROCESSES, `min in ${name}`)
  wholeNumber(max, min, MOST_PROCESSES, `max in ${name}`)
  return { min, max }
}
