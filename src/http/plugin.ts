import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Admin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import { FaenaError } from '../core/errors.ts'
import type { AnyJob } from '../core/job.ts'
import { surfacedFields } from '../core/surface.ts'
import { wallClock } from '../core/wallclock.ts'
import { BASE_PATH } from './base-path.ts'
import { readBodies } from './bodies.ts'
import { answerOrigin, checkedOrigins } from './cors.ts'
import { sendFailure } from './envelope.ts'
import { ApiError, asApiError } from './errors.ts'
import { type AuthOptions, guardFrom } from './guard.ts'
import { Counter, type Limits, USUAL_LIMITS } from './limits.ts'
import { register } from './register.ts'
import { methodsFor, ROUTES } from './routes.ts'
import type { Services } from './services.ts'
import { StatusBoard } from './status-board.ts'

export interface ApiOptions {
  /** What `createAdmin` made, with the `surface` given here. */
  admin: Admin
  /** For dispatch by name; left out, that route answers UNSUPPORTED. */
  queue?: Queue
  /** Definitions that may be dispatched by name. */
  jobs?: readonly AnyJob[]
  auth: AuthOptions
  /** Fields of inputs that stand in each row: `order_id|orderId,tienda_id`. */
  surface?: string
  /** Zone of the times that people read; default UTC. */
  timezone?: string
  /** Tries of jobs that say nothing; default 3. */
  defaultTries?: number
  /** Origins of browsers that may ask from elsewhere; default none. */
  corsOrigins?: readonly string[]
  /** Requests per minute and subject. */
  limits?: Partial<Limits>
}

/**
 * The management API as a Fastify plugin: `app.register(faenaApi, { prefix: '/admin', admin, auth })` has it at
 * /admin/api/v1/queue. It keeps to itself: its hooks, its error texts and its parsers reach no other route.
 */
export const faenaApi: FastifyPluginAsync<ApiOptions> = async (instance, options) => {
  const services = servicesOf(options)
  const guard = guardFrom(options.auth)
  const origins = checkedOrigins(options.corsOrigins ?? [])
  const limits = { ...USUAL_LIMITS, ...options.limits }

  instance.decorateRequest('faenaCaller', null)
  refuseOpenRoutes(instance)
  readBodies(instance)
  await instance.register(helmet, HEADERS)

  instance.setErrorHandler((error, request, reply) => {
    const told = asApiError(error)
    if (told.status >= 500) request.log.error({ err: error }, told.message)
    return sendFailure(request, reply, told)
  })
  instance.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (answerOrigin(origins, request, reply)) return reply.code(204).send()
    const { role } = request.routeOptions.config
    if (role !== undefined && role !== 'public') await guard.admit(request, role)
  })

  await instance.register(
    async (base) => {
      base.setNotFoundHandler((request, reply) => {
        const methods = methodsFor(request.url, instance.prefix)
        const error =
          methods.length === 0
            ? new ApiError('ROUTE_NOT_FOUND', 'There is no such route')
            : new ApiError('METHOD_NOT_ALLOWED', `This route knows ${methods.join(', ')}`, {
                headers: { allow: methods.join(', ') },
              })
        return sendFailure(request, reply, error)
      })
      for (const route of ROUTES) register(base, route, { services, limits, counter: new Counter() })
    },
    { prefix: BASE_PATH },
  )
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

function servicesOf(options: ApiOptions): Services {
  const { admin, queue, jobs = [], surface = '', timezone = 'UTC', defaultTries = 3 } = options
  return {
    admin,
    queue,
    jobs,
    surface: surfacedFields(surface),
    clock: wallClock(timezone),
    defaultTries,
    board: new StatusBoard(() => admin.status()),
  }
}

/** A route that says nothing of who may use it is a mistake, and stops the start instead of being open. */
function refuseOpenRoutes(instance: FastifyInstance): void {
  instance.addHook('onRoute', ({ method, url, config }) => {
    if (config?.role !== undefined) return
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `The route ${method} ${url} names no role; allowed: viewer, operator, admin, public`,
    )
  })
}
