import { FaenaError } from '../core/errors.ts'
import type { AnyJob } from '../core/job.ts'
import type { TraceContext } from '../core/telemetry.ts'
import type { NewJob } from '../store.ts'
import { inputText } from './input.ts'
import { JobMaker, type JobOptions, newJob } from './newjob.ts'

/** A long list is prepared with pauses, so that checking it does not freeze the application. */
const CHECKED_IN_ONE_GO = 2_000

/** What of the jobs of one list is alike, and what differs from input to input. */
export interface ListOptions {
  common: JobOptions
  each: ((input: never, at: number) => JobOptions) | undefined
  maxBytes: number
  trace: TraceContext | undefined
}

/** The jobs of one `dispatchMany`, made from its inputs one after the other. */
export class JobList {
  readonly jobs: NewJob[] = []
  readonly #job: AnyJob
  readonly #inputs: readonly unknown[]
  readonly #options: ListOptions
  readonly #maker: JobMaker
  #fresh = true

  constructor(job: AnyJob, inputs: readonly unknown[], options: ListOptions) {
    this.#job = job
    this.#inputs = inputs
    this.#options = options
    this.#maker = new JobMaker(job, options.common, options.maxBytes, options.trace)
    this.#fresh = options.common.uuid === undefined
  }

  /** All uuids were made for this list. */
  get fresh(): boolean {
    return this.#fresh
  }

  /** Checks all inputs and makes their jobs. Throws what the first bad one deserves, saying which it is. */
  async fill(): Promise<void> {
    const { length } = this.#inputs
    for (let end = CHECKED_IN_ONE_GO; this.jobs.length < length; end += CHECKED_IN_ONE_GO) {
      if (this.jobs.length > 0) await new Promise((resolve) => setImmediate(resolve))
      await this.#fillTo(Math.min(end, length))
    }
  }

  async #fillTo(end: number): Promise<void> {
    try {
      for (let late = this.#make(end); late !== undefined; late = this.#make(end)) this.#add(await late)
    } catch (error) {
      throw ofInput(this.jobs.length, error)
    }
  }

  /** Stops early only for a schema that is asynchronous, with the text it will have checked. */
  #make(end: number): Promise<string> | undefined {
    while (this.jobs.length < end) {
      const text = inputText(this.#job, this.#inputs[this.jobs.length])
      if (typeof text !== 'string') return text
      this.#add(text)
    }
    return undefined
  }

  #add(data: string): void {
    const { common, each, maxBytes, trace } = this.#options
    const at = this.jobs.length
    const input = this.#inputs[at]
    if (each === undefined) {
      this.jobs.push(this.#maker.make(input, data))
      return
    }
    const own = { ...common, ...each(input as never, at) }
    if (own.uuid !== undefined) this.#fresh = false
    this.jobs.push(newJob(this.#job, input, data, own, maxBytes, trace))
  }
}

function ofInput(at: number, error: unknown): unknown {
  if (!(error instanceof FaenaError)) return error
  const issues = error.issues.map(({ path, message }) => ({ path: path === '' ? `${at}` : `${at}.${path}`, message }))
  return new FaenaError(error.code, `inputs[${at}]: ${error.message}`, { cause: error, issues })
}
