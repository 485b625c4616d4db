import type { Outcome } from './outcome.ts'

/** What carries a trace on, as W3C headers name it: `traceparent`, perhaps `tracestate` and `baggage`. It travels in the payload. */
export type TraceContext = Readonly<Record<string, string>>

/**
 * What a queue and a worker tell a tracing system, and what makes one trace of a dispatch and its attempts: see
 * `openTelemetry` of faena/otel. Where none is given nothing is called, and no payload grows.
 */
export interface Telemetry {
  /** Around the storing of jobs; `store` is given what their payloads are to carry. */
  dispatch<Result>(about: DispatchAbout, store: (trace: TraceContext | undefined) => Promise<Result>): Promise<Result>
  /** Around what a request over HTTP asks for: `headers` may name the trace of whoever asks, which then goes on here. */
  request?<Result>(headers: RequestHeaders, act: () => Promise<Result>): Promise<Result>
  /** Around one attempt; the handler runs within `run`. */
  attempt(about: AttemptAbout, run: () => Outcome | Promise<Outcome>): Outcome | Promise<Outcome>
}

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface DispatchAbout {
  job: string
  queue: string
  jobs: number
}

export interface AttemptAbout {
  job: string
  queue: string
  uuid: string
  attempt: number
  /** How long the job was due before. */
  waitMs: number
  /** From the payload; undefined where it carries none. */
  trace: TraceContext | undefined
}
