import { type Backoff, type StoredBackoff, storedBackoff } from './backoff.ts'
import { type Duration, milliseconds } from './duration.ts'
import { notAllowed } from './errors.ts'
import type { SchemaInput, SchemaOutput, StandardSchema } from './schema.ts'

/**
 * What an application says of a kind of job. It holds no handler, so a web server can import it without the code that
 * does the work.
 *
 * - `name`: stable for ever; rows in the table carry it.
 * - `input`: any Standard Schema; checked at dispatch and again when the job runs, since code changes while jobs wait.
 * - `tries`: attempts before the job fails for good (0 = no limit). Left out, the worker decides (default 3).
 * - `timeout`: of one attempt (0 = none). Left out, the worker decides (default 60 s).
 * - `maxExceptions`: fails the job after so many failed attempts even where `tries` or `retryUntil` would allow more.
 * - `retryFor`: from dispatch on, retry for this long however many attempts it takes; `tries` is then not looked at.
 * - `priority`: smaller runs first; 0 is normal.
 * - `keepResult`: how long the handler's result can be read by `queue.wait` and `faena show` (default: not kept).
 * - `version` and `upcast`: inputs written by an older version are brought up to date before they are checked.
 * - `failed`: called after the job has failed for good and lies in failed_jobs.
 */
export interface JobOptions<Schema extends StandardSchema, Result> {
  name: string
  input: Schema
  queue?: string
  tries?: number
  timeout?: Duration
  failOnTimeout?: boolean
  maxExceptions?: number
  retryFor?: Duration
  backoff?: Backoff
  priority?: number
  tags?: readonly string[] | ((input: SchemaInput<Schema>) => readonly string[])
  unique?: Unique | ((input: SchemaInput<Schema>) => string | Unique)
  keepResult?: Duration
  version?: number
  upcast?: (input: unknown, version: number) => unknown
  failed?: (failure: JobFailure<SchemaInput<Schema>>) => void | Promise<void>
  /** Only for the types: names the handler's result, as in `result: type<{ pages: number }>()`. */
  result?: Result
}

/**
 * At most one job per key and job name. `until`: the key is free again once the job ended (default) or already when a
 * worker takes it up (`'processing'`); with `for`, it is held for that long from the dispatch, whatever becomes of the
 * job. `onTaken`: what a second dispatch does: nothing (`'skip'`), give the waiting job the new input (`'replace'`), or
 * move its start to now + the new delay, keeping its input (`'pushBack'`). A job that already runs is never altered.
 */
export interface Unique {
  key: string
  until?: 'ended' | 'processing'
  for?: Duration
  onTaken?: 'skip' | 'replace' | 'pushBack'
}

export interface JobFailure<Input = unknown> {
  uuid: string
  name: string
  queue: string
  attempts: number
  input: Input
  error: unknown
}

/** A checked definition. `Input` is what `dispatch` takes, `Parsed` what the handler gets, `Result` what it returns. */
export interface JobDefinition<Input = unknown, Parsed = Input, Result = unknown> {
  readonly kind: 'faena.job'
  readonly name: string
  readonly input: StandardSchema<Input, Parsed>
  readonly queue: string
  readonly tries: number | null
  readonly timeoutMs: number | null
  readonly failOnTimeout: boolean
  readonly maxExceptions: number | null
  readonly retryForMs: number | null
  readonly backoff: StoredBackoff | null
  readonly backoffFunction: ((attempt: number, error: unknown) => Duration) | null
  readonly priority: number
  readonly tags: readonly string[] | ((input: Input) => readonly string[])
  readonly unique: Unique | ((input: Input) => string | Unique) | null
  readonly keepResultMs: number | null
  readonly version: number
  readonly upcast: ((input: unknown, version: number) => unknown) | null
  readonly failed: ((failure: JobFailure<Input>) => void | Promise<void>) | null
  readonly result?: Result
}

// biome-ignore lint/suspicious/noExplicitAny: the one place where a definition of any types is meant
export type AnyJob = JobDefinition<any, any, any>
export type InputOf<Job extends AnyJob> =
  Job extends JobDefinition<infer Input, infer _Parsed, infer _Result> ? Input : never
export type ResultOf<Job extends AnyJob> =
  Job extends JobDefinition<infer _Input, infer _Parsed, infer Result> ? Result : never

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,190}$/
export const DEFAULT_QUEUE = 'default'

/** Names a type for `defineJob({ result: type<…>() })`; holds nothing at run time. */
export function type<T>(): T {
  return undefined as T
}

/** Checks the options and returns the definition. Throws BAD_ARGUMENT that names the option, the value and what is allowed. */
export function defineJob<Schema extends StandardSchema, Result = unknown>(
  options: JobOptions<Schema, Result>,
): JobDefinition<SchemaInput<Schema>, SchemaOutput<Schema>, Result> {
  const { name } = options
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw notAllowed(
      'BAD_ARGUMENT',
      'name',
      name,
      'letters, digits and . _ : / - (1 to 191, the first a letter or digit)',
    )
  }
  const of = (option: string) => `${option} of job ${name}`
  if (typeof options.input?.['~standard']?.validate !== 'function') {
    throw notAllowed('BAD_ARGUMENT', of('input'), typeof options.input, 'a Standard Schema (zod, valibot, arktype, …)')
  }
  const optional = <T, R>(value: T | undefined, read: (given: T) => R) => (value === undefined ? null : read(value))
  return Object.freeze({
    kind: 'faena.job' as const,
    name,
    input: options.input as StandardSchema<SchemaInput<Schema>, SchemaOutput<Schema>>,
    queue: queueName(options.queue ?? DEFAULT_QUEUE, of('queue')),
    tries: optional(options.tries, (value) => wholeNumber(value, 0, 65_535, of('tries'))),
    timeoutMs: optional(options.timeout, (value) => milliseconds(value, of('timeout'))),
    failOnTimeout: options.failOnTimeout ?? false,
    maxExceptions: optional(options.maxExceptions, (value) => wholeNumber(value, 1, 65_535, of('maxExceptions'))),
    retryForMs: optional(options.retryFor, (value) => milliseconds(value, of('retryFor'))),
    backoff: optional(options.backoff, (value) => storedBackoff(value, of('backoff')) ?? null),
    backoffFunction: typeof options.backoff === 'function' ? options.backoff : null,
    priority: priorityNumber(options.priority ?? 0, of('priority')),
    tags: options.tags ?? [],
    unique: options.unique ?? null,
    keepResultMs: optional(options.keepResult, (value) => milliseconds(value, of('keepResult'))),
    version: wholeNumber(options.version ?? 1, 1, 1_000_000, of('version')),
    upcast: options.upcast ?? null,
    failed: options.failed ?? null,
  })
}

export function queueName(value: unknown, name = 'queue'): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (typeof value === 'string' && value.length >= 1 && value.length <= 255 && !/[,\u0000-\u001f\u007f]/.test(value))
    return value
  throw notAllowed('BAD_ARGUMENT', name, value, '1 to 255 characters without comma or control characters')
}

export function priorityNumber(value: unknown, name = 'priority'): number {
  return wholeNumber(value, -32_768, 32_767, name)
}

export function wholeNumber(value: unknown, least: number, most: number, name: string): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw notAllowed('BAD_ARGUMENT', name, value, `a whole number from ${least} to ${most}`)
}
