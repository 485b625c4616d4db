import type { FastifyInstance } from 'fastify'
import type { Admin } from '../client/admin.ts'
import { LabelSets } from './label-sets.ts'
import { prometheusText, unreachableText } from './prometheus.ts'
import type { Refusals } from './refusals.ts'

/** How long the store may take before the server counts as not ready. */
const PATIENCE_MS = 3_000
const FRESH_MS = 1_000

/** What a load balancer and a monitor ask for. Health is public by exact route and says no figures; metrics need a token. */
export function healthRoutes(instance: FastifyInstance, admin: Admin, refusals: Refusals): void {
  const open = { config: { role: 'public' as const }, logLevel: 'warn' as const }
  instance.get('/health/live', open, async () => ({ status: 'ok' }))
  instance.get('/health/ready', open, async (_request, reply) => {
    const ready = await isReady(admin)
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ok' : 'unavailable' })
  })
  const metrics = metricsOf(admin)
  instance.get('/metrics', { config: { role: 'viewer' }, logLevel: 'warn' }, async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send((await metrics()) + refusals.text()),
  )
}

/**
 * Several monitors that ask at once, or in a hurry, cost one look. While the store does not answer, that is the answer: a
 * monitor should see it, and not a gap.
 */
function metricsOf(admin: Admin): () => Promise<string> {
  const sets = new LabelSets()
  let looked: { at: number; text: Promise<string> } | undefined
  const look = async () => {
    // Before this look itself uses them.
    const connections = admin.connections()
    const [board, workers, totals, store] = await Promise.all([
      ...([admin.board(), admin.workers(), admin.metricTotals(), admin.ping()] as const),
    ])
    return prometheusText({ board, workers, totals, store, connections }, sets)
  }
  return () => {
    const now = performance.now()
    if (looked === undefined || now - looked.at > FRESH_MS)
      looked = { at: now, text: look().catch(() => unreachableText(admin.connections())) }
    return looked.text
  }
}

async function isReady(admin: Admin): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false)
  })
  const answered = admin.board().then(
    () => true,
    () => false,
  )
  const ready = await Promise.race([answered, patience])
  clearTimeout(timer)
  return ready
}
