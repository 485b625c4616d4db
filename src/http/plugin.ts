import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { AlertChannels } from '../alerts/channels.ts'
import type { Admin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import { ROLES } from '../core/config.ts'
import { FaenaError } from '../core/errors.ts'
import type { AnyJob } from '../core/job.ts'
import { surfacedFields } from '../core/surface.ts'
import type { Telemetry } from '../core/telemetry.ts'
import { AuditTrail } from './audit.ts'
import { isRole } from './auth/roles.ts'
import { Sessions } from './auth/sessions.ts'
import { BASE_PATH } from './base-path.ts'
import { readBodies } from './bodies.ts'
import { answerOrigin, checkedOrigins } from './cors.ts'
import { sendFailure } from './envelope.ts'
import { asApiError } from './errors.ts'
import { type AuthOptions, guardFrom } from './guard.ts'
import { healthRoutes } from './health.ts'
import { Counter, type Limits, USUAL_LIMITS } from './limits.ts'
import { notFound } from './not-found.ts'
import { openapiDocument } from './openapi.ts'
import { Refusals } from './refusals.ts'
import { register } from './register.ts'
import { ROUTES } from './routes.ts'
import type { About, Services } from './services.ts'

export interface ApiOptions {
  /** What `createAdmin` made, with the `surface` given here. */
  admin: Admin
  /** For dispatch by name; left out, that route answers UNSUPPORTED. */
  queue?: Queue
  /** Definitions that may be dispatched by name. */
  jobs?: readonly AnyJob[]
  /** Has a dispatch go on with the trace that the request's headers name; `queue` needs it too. See faena/otel. */
  telemetry?: Telemetry
  /** Who is told of alerts, as `alertChannels` makes them. */
  channels?: AlertChannels
  auth: AuthOptions
  /** Fields of inputs that stand in each row: `order_id|orderId,tienda_id`. */
  surface?: string
  /** Origins of browsers that may ask from elsewhere; default none. */
  corsOrigins?: readonly string[]
  /** Shown to administrators; secrets in it must be masked already. */
  about?: About
  /** Requests per minute and subject. */
  limits?: Partial<Limits>
}

/**
 * The management API as a Fastify plugin: `app.register(faenaApi, { prefix: '/admin', admin, auth })` has it at
 * /admin/api/v1/queue. It keeps to itself: its hooks, its error texts and its parsers reach no other route. While it
 * stands, it carries on the bulk actions that were asked for as operations.
 */
export const faenaApi: FastifyPluginAsync<ApiOptions> = async (instance, options) => {
  const { admin } = options
  const services = servicesOf(options, instance.prefix)
  const guard = guardFrom(options.auth, services.sessions, admin.accounts)
  const origins = checkedOrigins(options.corsOrigins ?? [])
  const limits = { ...USUAL_LIMITS, ...options.limits }
  const audit = new AuditTrail(admin)
  const refusals = new Refusals()
  const closing = new AbortController()

  instance.decorateRequest('faenaCaller', null)
  refuseOpenRoutes(instance)
  readBodies(instance)
  await instance.register(helmet, HEADERS)

  instance.setErrorHandler(async (error, request, reply) => {
    const told = asApiError(error)
    if (told.status >= 500) request.log.error({ err: error }, told.message)
    if (request.faenaCaller === null && told.status < 500) refusals.add(told.code)
    const { contract } = request.routeOptions.config
    if (contract !== undefined) await audit.refused(contract, request, error)
    return sendFailure(request, reply, told)
  })
  instance.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (answerOrigin(origins, request, reply)) return reply.code(204).send()
    const { role } = request.routeOptions.config
    if (request.is404 || role === 'public') return
    // A route that came by the check below all the same is open to the fewest.
    await guard.admit(request, isRole(role) ? role : 'admin')
  })
  healthRoutes(instance, admin, refusals)

  const counter = new Counter()
  await instance.register(
    async (base) => {
      base.setNotFoundHandler((request, reply) => sendFailure(request, reply, notFound(request.url, instance.prefix)))
      for (const route of ROUTES) register(base, route, { services, limits, counter, audit, closing: closing.signal })
    },
    { prefix: BASE_PATH },
  )

  const stop = admin.carryOn({ onError: (error) => instance.log.error({ err: error }, 'an operation cannot go on') })
  instance.addHook('preClose', async () => closing.abort())
  instance.addHook('onClose', stop)
}

const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
  },
  referrerPolicy: { policy: 'no-referrer' },
  // Set by whoever ends TLS; on plain HTTP it says nothing.
  strictTransportSecurity: false,
} as const

function servicesOf(
  { admin, queue, jobs = [], telemetry, channels, surface = '', auth, about }: ApiOptions,
  prefix: string,
): Services {
  const fields = surfacedFields(surface).map(({ name }) => name)
  return {
    admin,
    queue,
    jobs,
    telemetry,
    channels,
    fields,
    clock: admin.clock,
    sessions: new Sessions(admin.accounts, prefix),
    signInSecret: auth.secret,
    about: about ?? { version: '', settings: [] },
    openapi: () => openapiDocument({ routes: ROUTES, prefix, fields, version: API_VERSION }),
  }
}

/** Of the contract, not of the package: it changes when an older client would notice. */
export const API_VERSION = '1.0.0'

/** A route that does not say who may use it, or in a word that is no role, is a mistake, and stops the start instead of being open. */
function refuseOpenRoutes(instance: FastifyInstance): void {
  instance.addHook('onRoute', ({ method, url, config }) => {
    const role = config?.role
    if (role === 'public' || isRole(role)) return
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `The route ${method} ${url} names ${role === undefined ? 'no role' : `the role ${role}`}; allowed: ${ROLES.join(', ')}, public`,
    )
  })
}
