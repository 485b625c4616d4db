import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { createQueue, type DispatchManyOptions, type DispatchOptions, type Queue } from '../client/queue.ts'
import type { AnyJob, InputOf, JobDefinition } from '../core/job.ts'
import type { Pushed } from '../store.ts'
import { type MemoryStore, memoryStore } from '../stores/memory/store.ts'
import { type FakeClock, fakeClock } from './clock.ts'

/** One dispatch as the fake queue saw it. Dispatches skipped for a taken unique key are not among them. */
export interface SeenDispatch<Input = unknown> {
  job: AnyJob
  input: Input
  options: DispatchOptions
  uuid: string
  outcome: Pushed['outcome']
}

/** Which dispatches are meant: those with just this input, or those the function says yes to. */
export type Expected<Input> = Input | ((input: Input, seen: SeenDispatch<Input>) => boolean)

/**
 * A queue for tests of code that dispatches. It checks inputs, resolves unique keys and delays as the real one does, over
 * a memory store of its own, and remembers what was dispatched; nothing runs until the test calls `drain`. A `tx` is
 * accepted and not looked at.
 */
export interface FakeQueue extends Queue {
  readonly store: MemoryStore
  readonly clock: FakeClock
  dispatched<Job extends AnyJob>(job: Job): SeenDispatch<InputOf<Job>>[]
  assertDispatched<Job extends AnyJob>(job: Job, expected?: Expected<InputOf<Job>>): void
  assertDispatchedTimes(job: AnyJob, times: number): void
  assertNotDispatched<Job extends AnyJob>(job: Job, expected?: Expected<InputOf<Job>>): void
  assertNothingDispatched(): void
  /** Forgets what was dispatched and empties the store. */
  reset(): Promise<void>
}

export function fakeQueue({ clock = fakeClock() }: { clock?: FakeClock } = {}): FakeQueue {
  const store = memoryStore({ clock })
  const queue = createQueue({ store })
  const seen: SeenDispatch[] = []
  const see = (job: AnyJob, input: unknown, options: DispatchOptions, { uuid, outcome }: Pushed) => {
    if (outcome !== 'skipped') seen.push({ job, input, options, uuid, outcome })
  }
  const find = <Job extends AnyJob>(job: Job, expected?: Expected<InputOf<Job>>) =>
    (seen as SeenDispatch<InputOf<Job>>[]).filter((one) => one.job === job && fits(one, expected))
  const fail = (expectation: string): never => {
    const listed = seen.map(({ job, input }) => `\n  ${job.name} ${JSON.stringify(input)}`).join('')
    throw new AssertionError({ message: `${expectation}. Dispatched${listed === '' ? ': nothing' : `:${listed}`}` })
  }
  return {
    ...queue,
    store,
    clock,
    async dispatch(job, input, options = {}) {
      const { tx: _, ...rest } = options
      const answer = await queue.dispatch(job, input, rest)
      see(job, input, options, answer)
      return answer
    },
    async dispatchMany<Input, Parsed, Result>(
      job: JobDefinition<Input, Parsed, Result>,
      inputs: readonly NoInfer<Input>[],
      options: DispatchManyOptions<NoInfer<Input>> = {},
    ) {
      const { tx: _, ...rest } = options
      const answers = await queue.dispatchMany(job, inputs, rest)
      const { each, ...common } = options
      for (const [at, answer] of answers.entries()) {
        see(job, inputs[at], { ...common, ...each?.(inputs[at]!, at) }, answer)
      }
      return answers
    },
    dispatched: (job) => find(job),
    assertDispatched(job, expected) {
      if (find(job, expected).length === 0) fail(`Job ${job.name} was not dispatched${asExpected(expected)}`)
    },
    assertDispatchedTimes(job, times) {
      const count = find(job).length
      if (count !== times) fail(`Job ${job.name} was dispatched ${count} times and not ${times}`)
    },
    assertNotDispatched(job, expected) {
      if (find(job, expected).length > 0) fail(`Job ${job.name} was dispatched${asExpected(expected)}`)
    },
    assertNothingDispatched() {
      if (seen.length > 0) fail('Jobs were dispatched')
    },
    async reset() {
      seen.length = 0
      const everything = { limit: 1_000, upTo: Number.MAX_SAFE_INTEGER }
      for (let next: number | null = 0; next !== null; ) ({ next } = await store.remove({}, everything))
      for (let next: number | null = 0; next !== null; ) ({ next } = await store.removeFailed({}, everything))
    },
  }
}

function fits<Input>(seen: SeenDispatch<Input>, expected: Expected<Input> | undefined): boolean {
  if (expected === undefined) return true
  if (typeof expected !== 'function') return isDeepStrictEqual(seen.input, expected)
  return (expected as (input: Input, seen: SeenDispatch<Input>) => boolean)(seen.input, seen)
}

function asExpected(expected: unknown): string {
  if (expected === undefined) return ''
  return typeof expected === 'function' ? ' as the function wants it' : ` with ${JSON.stringify(expected)}`
}
