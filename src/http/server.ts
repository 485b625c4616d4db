import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyServerOptions, type RawRequestDefaultExpression } from 'fastify'
import { type DashboardOptions, faenaDashboard } from './dashboard/plugin.ts'
import { failureBody, sendFailure } from './envelope.ts'
import { ApiError, asApiError } from './errors.ts'
import { type ApiOptions, faenaApi } from './plugin.ts'

export interface ServerOptions extends ApiOptions {
  logger?: FastifyServerOptions['logger']
  /** Proxies in front of it whose X-Forwarded-For is believed; default none. */
  trustProxy?: FastifyServerOptions['trustProxy']
  /** Path below which all of it stands, such as `/admin/queues`; default none. */
  mount?: string
  /** Left out, there is no dashboard. */
  dashboard?: DashboardOptions
}

/** A server of its own around the API and the dashboard, with limits on everything a stranger can send. Not listening yet. */
export async function createServer({
  logger = false,
  trustProxy = false,
  mount = '',
  dashboard,
  ...options
}: ServerOptions): Promise<FastifyInstance> {
  const server = Fastify({
    logger,
    trustProxy,
    bodyLimit: 64 * 1_024,
    routerOptions: { maxParamLength: 256 },
    requestTimeout: 15_000,
    keepAliveTimeout: 10_000,
    // A request under way when the server is asked to stop is answered; idle connections are closed.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    requestIdHeader: false,
    genReqId: requestId,
    frameworkErrors: (error, request, reply) => void sendFailure(request, reply, asApiError(error)),
    clientErrorHandler: refuseConnection,
  })
  server.setErrorHandler((error, request, reply) => sendFailure(request, reply, asApiError(error)))
  server.setNotFoundHandler((request, reply) =>
    sendFailure(request, reply, new ApiError('ROUTE_NOT_FOUND', 'There is no such route')),
  )
  await server.register(faenaApi, { ...options, prefix: mount })
  if (dashboard !== undefined) await server.register(faenaDashboard, { ...dashboard, prefix: mount })
  return server
}

/** The caller's own, if it is fit for a log line. */
function requestId({ headers }: RawRequestDefaultExpression): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID()
}

/** What never became a request: there is no reply to send it with. */
function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: { writable: boolean; end(text: string): void; destroy(): void },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const told =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new ApiError('HEADERS_TOO_LARGE', 'The headers are larger than allowed')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new ApiError('REQUEST_TIMED_OUT', 'The request came too slowly')
        : new ApiError('BAD_REQUEST', 'The request is not well-formed')
  const body = JSON.stringify(failureBody(told, '', randomUUID()))
  socket.end(
    `HTTP/1.1 ${told.status} Refused\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
