import type { FastifyInstance } from 'fastify'
import type { Admin } from '../client/admin.ts'
import { prometheusText } from './prometheus.ts'

/** How long the store may take before the server counts as not ready. */
const PATIENCE_MS = 3_000

/** What a load balancer and a monitor ask for. Health is public by exact route and says no figures; metrics need a token. */
export function healthRoutes(instance: FastifyInstance, admin: Admin): void {
  const open = { config: { role: 'public' as const }, logLevel: 'warn' as const }
  instance.get('/health/live', open, async () => ({ status: 'ok' }))
  instance.get('/health/ready', open, async (_request, reply) => {
    const ready = await isReady(admin)
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ok' : 'unavailable' })
  })
  instance.get('/metrics', { config: { role: 'viewer' }, logLevel: 'warn' }, async (_request, reply) => {
    const [board, workers] = await Promise.all([admin.board(), admin.workers()])
    return reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(prometheusText(board, workers))
  })
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
