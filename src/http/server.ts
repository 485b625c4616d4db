import { randomUUID } from 'node:crypto'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
  type RawRequestDefaultExpression,
} from 'fastify'
import { type DashboardOptions, faenaDashboard } from './dashboard/plugin.ts'
import { failureBody, pathOf, sendFailure } from './envelope.ts'
import { ApiError, asApiError } from './errors.ts'
import { type ApiOptions, faenaApi } from './plugin.ts'
import { readAgain } from './read-bodies.ts'
import { BODY_LIMIT } from './register.ts'

export interface ServerOptions extends ApiOptions {
  /** Gets a line per request: method, path (never the query, which may name people and orders), status, ms, who. */
  logger?: FastifyBaseLogger
  /** Told of errors that are answered as a fault of the server. */
  onError?: (error: unknown) => void
  /** Proxies in front of it whose X-Forwarded-For is believed; default none. */
  trustProxy?: FastifyServerOptions['trustProxy']
  /** Path below which all of it stands, such as `/admin/queues`; default none. */
  mount?: string
  /** Left out, there is no dashboard. */
  dashboard?: DashboardOptions
}

/** A server of its own around the API and the dashboard, with limits on everything a stranger can send. Not listening yet. */
export async function createServer({
  logger,
  onError,
  trustProxy = false,
  mount = '',
  dashboard,
  ...options
}: ServerOptions): Promise<FastifyInstance> {
  const server = Fastify({
    ...(logger !== undefined && { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy,
    bodyLimit: BODY_LIMIT,
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
  server.addHook('preParsing', readAgain)
  if (logger !== undefined) server.addHook('onResponse', logRequest)
  if (onError !== undefined) {
    server.addHook('onError', async (_request, _reply, error) => {
      if (asApiError(error).status >= 500) onError(error)
    })
  }
  await server.register(faenaApi, { ...options, prefix: mount })
  if (dashboard !== undefined) await server.register(faenaDashboard, { ...dashboard, prefix: mount })
  return server
}

async function logRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { method, ip, log } = request
  const path = pathOf(request.url)
  const ms = Math.round(reply.elapsedTime * 100) / 100
  const line = {
    event: 'request',
    method,
    path,
    status: reply.statusCode,
    ms,
    ip,
    subject: request.faenaCaller?.subject,
  }
  log[reply.statusCode >= 500 ? 'warn' : 'info'](line, `${method} ${path} ${reply.statusCode}`)
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
