import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createAdmin } from '../client/admin.ts'
import { createQueue } from '../client/queue.ts'
import type { LogLevel } from '../core/config.ts'
import { FaenaError } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import { surfacedFields } from '../core/surface.ts'
import { BASE_PATH } from '../http/base-path.ts'
import { pathOf } from '../http/envelope.ts'
import { createServer } from '../http/server.ts'
import type { Store } from '../store.ts'
import { openStore } from '../stores/open.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import type { Controls } from '../supervisor/wire.ts'
import { apiKeys } from './api-keys.ts'
import { loadConfiguration } from './config.ts'
import { outliveReaders, type Streams } from './output.ts'

/** What a server process is to do: plain data, since `faena start` hands it to a child. */
export interface ServeOrder {
  config?: string
  host?: string
  port?: number
  /** Beside a worker, whose lines are for people, requests are not logged one by one. */
  besideWorker?: boolean
}

export interface ServerHost {
  streams: Streams
  control(controls: Controls): void
  ready(graceMs: number): void
}

/** What requests under way get when the server is asked to stop. */
const GRACE_MS = 10_000

/** The API from start to end. Resolves to the exit code. */
export async function runServer(order: ServeOrder, host: ServerHost): Promise<number> {
  const stop = Promise.withResolvers<void>()
  host.control({ stop: stop.resolve, stopNow: stop.resolve, quiet() {}, resume() {} })
  outliveReaders(host.streams)
  const { settings: given } = await loadConfiguration(host.streams.env, order.config)
  const settings = { ...given, host: order.host ?? given.host, port: order.port ?? given.port }
  refuseSync(settings)
  const { auth, notices } = apiKeys(settings, host.streams.env)
  process.title = 'faena serve'
  const store = await openStore(settings.url, { timezone: settings.timezone, connection: settings.connection })
  try {
    const server = await serverOn(store, settings, auth, order, host.streams)
    const address = await listen(server, settings)
    for (const notice of [...settings.warnings, ...notices]) host.streams.stderr.write(`faena: ${notice}\n`)
    host.streams.stdout.write(
      order.besideWorker ? `  API        ${address}\n` : `faena: the API listens at ${address}\n`,
    )
    host.ready(GRACE_MS)
    await stop.promise
    await closed(server)
    return EXIT.ok
  } finally {
    await store.close()
  }
}

async function serverOn(
  store: Store,
  settings: Settings,
  auth: ReturnType<typeof apiKeys>['auth'],
  order: ServeOrder,
  { stdout }: Streams,
): Promise<FastifyInstance> {
  const { surface, mask, timezone, jobs, tries, corsOrigins, trustProxy, maxPayloadBytes } = settings
  const queue = createQueue({ store, timezone, maxPayloadBytes })
  const server = await createServer({
    admin: createAdmin({ store, jobs, surface: surfacedFields(surface), timezone, mask, defaultTries: tries }),
    queue,
    jobs,
    auth,
    surface,
    corsOrigins,
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    logger: { level: levelOf(settings.logLevel, order.besideWorker ?? false), stream: stdout, ...LOG },
  })
  server.addHook('onClose', () => queue.close())
  return server
}

/** What is asked for may name people and orders: the path is logged, the rest of the address is not. */
const LOG = {
  serializers: {
    req: ({ method, url, ip }: FastifyRequest) => ({ method, url: pathOf(url), ip }),
    res: ({ statusCode }: { statusCode?: number }) => ({ statusCode }),
  },
}

function levelOf(level: LogLevel, besideWorker: boolean): string {
  return besideWorker && level === 'info' ? 'warn' : level
}

async function listen(server: FastifyInstance, { host, port }: Settings): Promise<string> {
  try {
    await server.listen({ host, port, listenTextResolver: () => '' })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why: Record<string, string> = {
      EADDRINUSE: `port ${port} of ${host} is taken already; FAENA_PORT chooses another (0: any that is free)`,
      EACCES: `port ${port} may not be used by this user; FAENA_PORT chooses another`,
      EADDRNOTAVAIL: `${host} is no address of this machine; FAENA_HOST chooses another`,
      ENOTFOUND: `${host} is no address; FAENA_HOST chooses another`,
    }
    await server.close()
    throw new FaenaError('BAD_CONFIGURATION', `The API cannot listen: ${why[code ?? ''] ?? (cause as Error).message}`, {
      cause,
    })
  }
  const { address, family, port: taken } = server.server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}${BASE_PATH}`
}

/** Requests under way are answered; what takes longer than the grace is cut off. */
async function closed(server: FastifyInstance): Promise<void> {
  const cutOff = setTimeout(() => server.server.closeAllConnections(), GRACE_MS)
  await server.close()
  clearTimeout(cutOff)
}

function refuseSync({ sync }: Settings): void {
  if (!sync) return
  throw new FaenaError(
    'UNSUPPORTED',
    'QUEUE_CONNECTION is sync: jobs run where they are dispatched, and there is nothing to manage. Set QUEUE_CONNECTION=database.',
  )
}
