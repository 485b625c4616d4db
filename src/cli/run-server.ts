import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { alertChannels } from '../alerts/channels.ts'
import { createAdmin } from '../client/admin.ts'
import { createQueue } from '../client/queue.ts'
import type { LogFormat } from '../core/config.ts'
import { FaenaError } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import { surfacedFields } from '../core/surface.ts'
import { wallClock } from '../core/wallclock.ts'
import { BASE_PATH } from '../http/base-path.ts'
import { dashboardFolder } from '../http/dashboard/files.ts'
import { createServer } from '../http/server.ts'
import type { Store } from '../store.ts'
import { openStore } from '../stores/open.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import type { Controls } from '../supervisor/wire.ts'
import { version } from '../worker/version.ts'
import { type Alerting, alertingOf } from './alerting.ts'
import { apiKeys, isLoopback } from './api-keys.ts'
import { type Configuration, loadConfiguration } from './config.ts'
import { errorReporter } from './error-hook.ts'
import { type Logs, logsOf, writesJson } from './logs.ts'
import { outliveReaders, type Streams } from './output.ts'
import { readable } from './readable.ts'
import { settingRows } from './setting-rows.ts'
import { signInLink } from './sign-in.ts'
import { terminalUser } from './terminal-user.ts'

/** What a server process is to do: plain data, since `faena start` hands it to a child. */
export interface ServeOrder {
  config?: string
  host?: string
  port?: number
  /** Beside a worker, whose lines are for people, requests are not logged one by one. */
  besideWorker?: boolean
  /** Where the configuration says nothing: who passes the lines on knows where they lead. */
  logFormat?: LogFormat
}

export interface ServerHost {
  streams: Streams
  control(controls: Controls): void
  ready(graceMs: number): void
}

/** What requests under way get when the server is asked to stop. */
const GRACE_MS = 10_000

/** API and dashboard from start to end. Resolves to the exit code. */
export async function runServer(order: ServeOrder, host: ServerHost): Promise<number> {
  const stop = Promise.withResolvers<void>()
  host.control({ stop: stop.resolve, stopNow: stop.resolve, quiet() {}, resume() {} })
  outliveReaders(host.streams)
  const configuration = await loadConfiguration(host.streams.env, order.config)
  const { settings: given } = configuration
  const settings = {
    ...given,
    host: order.host ?? given.host,
    port: order.port ?? given.port,
    logFormat: given.logFormat ?? order.logFormat ?? null,
  }
  refuseSync(settings)
  const { auth, notices } = apiKeys(settings, host.streams.env)
  process.title = 'faena serve'
  const store = await openStore(settings.url, { timezone: settings.timezone, connection: settings.connection })
  const logs = logsFor(settings, host.streams, order.besideWorker ?? false)
  let alerting: Alerting | undefined
  try {
    const { server, hasUsers } = await serverOn(store, { ...configuration, settings }, auth, logs)
    const address = await listen(server, settings)
    for (const notice of [...settings.warnings, ...notices]) {
      if (logs.json) logs.logger?.warn(notice)
      else host.streams.stderr.write(`faena: ${notice}\n`)
    }
    if (!logs.json) {
      for (const line of await whereabouts(address, settings, auth, hasUsers, host.streams.env)) {
        host.streams.stdout.write(order.besideWorker ? `  ${line}\n` : `faena: ${line}\n`)
      }
    }
    alerting = watchFor(store, settings, server)
    host.ready(GRACE_MS)
    await stop.promise
    await closed(server)
    return EXIT.ok
  } finally {
    await alerting?.stop()
    await store.close()
    await logs.end()
  }
}

/** Where all workers are gone, who serves the API is who can still tell of it. */
function watchFor(store: Store, settings: Settings, server: FastifyInstance): Alerting | undefined {
  const onError = (error: unknown) => server.log.error({ err: error }, 'the watch for alerts is in trouble')
  const alerting = alertingOf({ store, settings, reclaims: true, onError })
  alerting?.start()
  return alerting
}

type Auth = ReturnType<typeof apiKeys>['auth']

/** Where it can be reached, for people. On a developer's own machine, as long as nobody can log in, also a link that does. */
async function whereabouts(
  address: string,
  settings: Settings,
  auth: Auth,
  hasUsers: () => Promise<boolean>,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const lines = [`API        ${address}${BASE_PATH}`]
  if (dashboardFolder() === undefined) return [...lines, 'dashboard  not built; `npm run build:dashboard` builds it']
  lines.push(`dashboard  ${address}/`)
  const own = isLoopback(settings.host) && env.NODE_ENV !== 'production'
  if (!own || auth.secret === undefined || (await hasUsers())) return lines
  const link = signInLink(address, auth.secret, { subject: terminalUser(), role: 'admin' })
  return [...lines, `log in     ${link}`, '           once, within 15 minutes; faena login prints another']
}

async function serverOn(
  store: Store,
  configuration: Configuration,
  auth: Auth,
  logs: Logs,
): Promise<{ server: FastifyInstance; hasUsers: () => Promise<boolean> }> {
  const { settings } = configuration
  const { surface, mask, timezone, jobs, tries, corsOrigins, trustProxy, maxPayloadBytes } = settings
  const queue = createQueue({ store, timezone, maxPayloadBytes, telemetry: settings.telemetry })
  const admin = createAdmin({ store, jobs, surface: surfacedFields(surface), timezone, mask, defaultTries: tries })
  const { logger } = logs
  const report = errorReporter(settings.onError, (error) => logger?.error({ err: error }, String(error)))
  const about = { version: version(), settings: settingRows(configuration).map(shownRow) }
  const server = await createServer({
    admin,
    queue,
    jobs,
    telemetry: settings.telemetry,
    channels: alertChannels(settings.alerts, timezone),
    auth,
    surface,
    corsOrigins,
    about,
    mount: settings.mount,
    dashboard: dashboardFolder() === undefined ? undefined : { version: about.version },
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    logger: logger ?? undefined,
    onError: (error) => report(error, { source: 'api' }),
  })
  server.addHook('onClose', () => queue.close())
  return { server, hasUsers: async () => (await admin.accounts.users()).length > 0 }
}

function shownRow({ name, shown, source }: ReturnType<typeof settingRows>[number]) {
  return { name, shown, source }
}

/** Where people look on, lines about requests are made readable; beside a worker they would drown its own. */
function logsFor(settings: Settings, streams: Streams, besideWorker: boolean): Logs {
  const json = writesJson(settings, streams.stdout)
  const level = besideWorker && !json && settings.logLevel === 'info' ? 'warn' : settings.logLevel
  const also = json ? [] : [readable(streams, wallClock(settings.timezone))]
  return logsOf({ settings, streams, level, about: { process: 'api' }, also })
}

/** Resolves to the address, with its mount. */
async function listen(server: FastifyInstance, { host, port, mount }: Settings): Promise<string> {
  try {
    const whole = (address: string) => `the API at ${address}${mount}${BASE_PATH}`
    const dashboard = (address: string) =>
      dashboardFolder() === undefined ? '' : `, the dashboard at ${address}${mount}/`
    await server.listen({ host, port, listenTextResolver: (at) => `Listening: ${whole(at)}${dashboard(at)}` })
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
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}${mount}`
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
