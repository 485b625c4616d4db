import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, metrics, propagation, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createAdmin } from '../src/client/admin.ts'
import { createServer as createApi } from '../src/http/server.ts'
import { createQueue, createWorker, defineJob, FaenaError, handle } from '../src/index.ts'
import { openTelemetry } from '../src/otel/index.ts'
import { memoryStore } from '../src/testing/index.ts'
import { BASE, SECRET, token } from './http/support.ts'

const sync = defineJob({
  name: 'orders.sync',
  queue: 'netsuite',
  tries: 2,
  backoff: 0,
  input: z.object({ order: z.number() }),
})

interface Received {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  status?: { code?: number }
}

/** What a receiver of OTLP over HTTP was sent, as it stands in the requests' bodies. */
const received: Received[] = []
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
let flush: () => Promise<void>

beforeAll(async () => {
  const receiver = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8'))
    for (const { scopeSpans } of body.resourceSpans) for (const { spans } of scopeSpans) received.push(...spans)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/traces`
  const tracing = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
  })
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })
  const metering = new MeterProvider({ readers: [reader] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(tracing)
  metrics.setGlobalMeterProvider(metering)
  flush = async () => {
    await tracing.forceFlush()
    await reader.forceFlush()
  }
  return async () => {
    await Promise.all([tracing.shutdown(), metering.shutdown()])
    for (const api of [trace, metrics, context, propagation]) api.disable()
    receiver.closeAllConnections()
    receiver.close()
  }
})

async function parts(run: (input: { order: number }) => Promise<void>) {
  const store = await memoryStore()
  const telemetry = openTelemetry()
  const queue = createQueue({ store, telemetry })
  const handler = handle(sync, ({ input }) => run(input))
  const worker = createWorker({ store, telemetry, handlers: [handler], queues: ['netsuite'] })
  onTestFinished(async () => {
    await worker.stop()
    await queue.close()
    await store.close()
  })
  return { store, queue, worker }
}

test('a trace exported over OTLP leads from an HTTP request through the dispatch to what the handler does', async () => {
  const { queue, worker } = await parts(async () => {
    await trace.getTracer('application').startActiveSpan('ask NetSuite', async (span) => span.end())
  })
  const application = createServer((_request, response) => {
    trace.getTracer('http').startActiveSpan('POST /orders', { kind: SpanKind.SERVER }, async (span) => {
      await queue.dispatch(sync, { order: 803196 })
      response.writeHead(202).end()
      span.end()
    })
  }).listen(0, '127.0.0.1')
  await once(application, 'listening')
  onTestFinished(() => void application.close())
  const completed = worker.events.once('completed')
  await worker.start()
  const { port } = application.address() as AddressInfo
  expect((await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST' })).status).toBe(202)
  await completed
  await flush()

  const spans = received.splice(0)
  const chain = ['POST /orders', 'dispatch orders.sync', 'process orders.sync', 'ask NetSuite']
  const named = chain.map((name) => spans.find((span) => span.name === name)!)
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  expect(named.map(({ parentSpanId }) => spans.find(({ spanId }) => spanId === parentSpanId)?.name)).toEqual([
    ...[undefined, 'POST /orders', 'dispatch orders.sync', 'process orders.sync'],
  ])
  // SERVER, PRODUCER, CONSUMER, INTERNAL in OTLP's numbers.
  expect(named.map(({ kind }) => kind)).toEqual([2, 4, 5, 1])
})

test('a trace that whoever asks the API names leads to the attempts of what it dispatches; a broken name starts another', async () => {
  const { store, queue, worker } = await parts(async () => {})
  const server = await createApi({
    ...{ admin: createAdmin({ store }), queue, jobs: [sync], telemetry: openTelemetry(), auth: { secret: SECRET } },
  })
  onTestFinished(() => server.close())
  const authorization = `Bearer ${token({ sub: 'backoffice', role: 'operator' })}`
  const dispatch = (traceparent: string) =>
    server.inject({
      ...{ method: 'POST', url: `${BASE}/jobs`, headers: { authorization, traceparent } },
      payload: { name: 'orders.sync', input: { order: 803196 } },
    })
  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  const completed = worker.events.once('completed')

  expect((await dispatch(`00-${traceId}-${spanId}-01`)).statusCode).toBe(200)
  await worker.start()
  await completed
  expect((await dispatch('00-none')).statusCode).toBe(200)
  await flush()

  const spans = received.splice(0)
  const [dispatched, other] = spans.filter(({ name }) => name === 'dispatch orders.sync')
  const processed = spans.find(({ name }) => name === 'process orders.sync')
  expect(dispatched).toMatchObject({ traceId, parentSpanId: spanId })
  expect(processed).toMatchObject({ traceId, parentSpanId: dispatched!.spanId })
  expect(other!.traceId).not.toBe(traceId)
})

test('every attempt is a span of its own in the same trace, one that failed with its error; metrics count them', async () => {
  const { queue, worker } = await parts(async () => {
    throw new RangeError('MySQL server has gone away')
  })
  const failed = worker.events.once('failed')
  await queue.dispatchMany(sync, [{ order: 803193 }])
  await worker.start()
  await failed
  await flush()

  const spans = received.splice(0)
  const attempts = spans.filter(({ name }) => name === 'process orders.sync')
  expect(attempts.map(({ status }) => status?.code)).toEqual([2, 2])
  const [dispatch] = spans.filter(({ name }) => name === 'dispatch orders.sync')
  expect(attempts.map(({ parentSpanId, traceId }) => [parentSpanId, traceId])).toEqual([
    [dispatch!.spanId, dispatch!.traceId],
    [dispatch!.spanId, dispatch!.traceId],
  ])
  const points = exporter
    .getMetrics()
    .at(-1)!
    .scopeMetrics.flatMap((scope) => scope.metrics)
  const run = points.find(({ descriptor }) => descriptor.name === 'messaging.process.duration')!
  expect(run.dataPoints.map(({ attributes }) => attributes['faena.outcome'])).toEqual(
    expect.arrayContaining(['retry', 'failed']),
  )
  expect(points.map(({ descriptor }) => descriptor.name)).toContain('messaging.client.sent.messages')
})

test('a dispatch that fails fails as ever, and its span says so', async () => {
  const { queue } = await parts(async () => {})
  await expect(queue.dispatchMany(sync, [{ order: 'x' } as unknown as { order: number }])).rejects.toThrow(FaenaError)
  await flush()
  expect(received.splice(0).map(({ name, status }) => [name, status?.code])).toEqual([['dispatch orders.sync', 2]])
})

test('without telemetry a payload carries no trace', async () => {
  const store = await memoryStore()
  const queue = createQueue({ store })
  await trace.getTracer('application').startActiveSpan('a request', async (span) => {
    const { uuid } = await queue.dispatch(sync, { order: 1 })
    expect(JSON.parse((await store.get(uuid))!.payload).faena).not.toHaveProperty('trace')
    span.end()
  })
  await queue.close()
})
