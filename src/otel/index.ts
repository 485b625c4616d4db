import {
  type Attributes,
  type Context,
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { Outcome } from '../core/outcome.ts'
import type { AttemptAbout, DispatchAbout, Telemetry, TraceContext } from '../core/telemetry.ts'

export type { Telemetry } from '../core/telemetry.ts'

const NAME = 'faena'

/**
 * Traces and metrics through OpenTelemetry, whatever SDK the application has set up: a dispatch becomes a span, its trace
 * travels in the payload, and each attempt becomes a span of the same trace, within which the handler runs. A request to the
 * management API goes on with the trace that its headers name. Names follow the semantic conventions of OpenTelemetry for
 * messaging. Without an SDK the calls do nothing.
 */
export function openTelemetry(): Telemetry {
  const tracer = trace.getTracer(NAME)
  const meter = metrics.getMeter(NAME)
  const dispatched = meter.createCounter('messaging.client.sent.messages', {
    description: 'Jobs that were dispatched',
    unit: '{job}',
  })
  const waits = meter.createHistogram('faena.job.wait.duration', {
    description: 'How long a job was due before an attempt began',
    unit: 's',
  })
  const runs = meter.createHistogram('messaging.process.duration', {
    description: 'How long an attempt ran',
    unit: 's',
  })

  return {
    dispatch(about, store) {
      const attributes = { ...attributesOf(about), 'messaging.operation.type': 'send' }
      const span = tracer.startSpan(
        `dispatch ${about.job}`,
        { kind: SpanKind.PRODUCER, attributes: { ...attributes, 'messaging.batch.message_count': about.jobs } },
        context.active(),
      )
      const within = trace.setSpan(context.active(), span)
      return context.with(within, () =>
        store(carried(within)).then(
          (result) => {
            dispatched.add(about.jobs, attributes)
            span.end()
            return result
          },
          (error: unknown) => {
            dispatched.add(about.jobs, { ...attributes, 'error.type': typeOf(error) })
            fail(span, error)
            span.end()
            throw error
          },
        ),
      )
    },

    request(headers, act) {
      // Where the application's own instrumentation has a span for the request, that one is nearer.
      if (trace.getActiveSpan() !== undefined) return act()
      return context.with(propagation.extract(context.active(), headers), act)
    },

    attempt(about, run) {
      const attributes = { ...attributesOf(about), 'messaging.operation.type': 'process' }
      const parent = propagation.extract(ROOT_CONTEXT, about.trace ?? {})
      const span = tracer.startSpan(
        `process ${about.job}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: { ...attributes, 'messaging.message.id': about.uuid, 'faena.attempt': about.attempt },
        },
        parent,
      )
      const began = performance.now()
      const ended = (outcome: Outcome) => {
        const of = { ...attributes, 'faena.outcome': outcome.kind }
        waits.record(about.waitMs / 1_000, attributes)
        runs.record((performance.now() - began) / 1_000, of)
        span.setAttribute('faena.outcome', outcome.kind)
        if ('error' in outcome) fail(span, outcome.error)
        span.end()
        return outcome
      }
      const outcome = context.with(trace.setSpan(parent, span), run)
      return outcome instanceof Promise ? outcome.then(ended) : ended(outcome)
    },
  }
}

function attributesOf({ job, queue }: Pick<DispatchAbout | AttemptAbout, 'job' | 'queue'>): Attributes {
  return { 'messaging.system': NAME, 'messaging.destination.name': queue, 'faena.job': job }
}

/** A propagator of the application's may write anything; what is carried on must stay small. */
function carried(of: Context): TraceContext | undefined {
  const carrier: Record<string, string> = {}
  propagation.inject(of, carrier)
  const entries = Object.entries(carrier).filter(([, value]) => typeof value === 'string' && value.length <= 1_024)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function fail(span: Span, error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error))
  span.recordException(known)
  span.setAttribute('error.type', typeOf(error))
  span.setStatus({ code: SpanStatusCode.ERROR, message: known.message })
}

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
