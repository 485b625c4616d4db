import { createHmac } from 'node:crypto'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { type Admin, createAdmin } from '../../src/client/admin.ts'
import { createQueue } from '../../src/client/queue.ts'
import { surfacedFields } from '../../src/core/surface.ts'
import type { AuthOptions } from '../../src/http/guard.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import type { Harness, HarnessOptions } from '../support/harness.ts'
import { openMemory } from '../support/memory-harness.ts'
import { eachStore, type Given } from '../support/suite.ts'

export const SECRET = 'a secret for tests alone, thirty-two bytes and more'
export const SURFACE = 'order_id|orderId,tienda_id|tiendaId'
export const BASE = '/api/v1/queue'

export type Answered = LightMyRequestResponse & { body: string }

/** An API on a store of its own, and what a client of it does. */
export interface Api extends AsyncDisposable {
  server: FastifyInstance
  admin: Admin
  /** As somebody with this role; `null` sends no token. */
  as(role: string | null): Caller
  get(path: string): Promise<Answered>
  post(path: string, body?: unknown): Promise<Answered>
  delete(path: string): Promise<Answered>
}

export type Caller = (method: Method, path: string, more?: Omit<InjectOptions, 'method' | 'url'>) => Promise<Answered>

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD'

export interface GivenApi extends Given, Api {}

export type Options = Partial<Omit<ServerOptions, 'admin' | 'auth'>> & {
  auth?: Partial<AuthOptions>
  timezone?: string
  searchBudgetMs?: number
}

export async function apiOn(harness: Pick<Harness, 'store' | 'close'>, options: Options = {}): Promise<Api> {
  const { store } = harness
  const surface = options.surface ?? SURFACE
  const { timezone, searchBudgetMs, ...plugin } = options
  const admin = createAdmin({ store, jobs: options.jobs, surface: surfacedFields(surface), timezone, searchBudgetMs })
  const queue = createQueue({ store })
  const auth = { secret: SECRET, ...options.auth }
  const unlimited = { read: 1e6, write: 1e6, bulk: 1e6 }
  const server = await createServer({ limits: unlimited, ...plugin, admin, queue, surface, auth })
  const as = (role: string | null): Caller => {
    const authorization = role === null ? undefined : `Bearer ${token({ sub: `the ${role}`, role })}`
    return (method, path, more = {}) =>
      server.inject({
        ...more,
        method,
        url: path.startsWith('/') ? path : `${BASE}/${path}`,
        headers: { ...(authorization && { authorization }), ...more.headers },
      } as InjectOptions) as Promise<Answered>
  }
  const admitted = as('admin')
  return {
    server,
    admin,
    as,
    get: (path) => admitted('GET', path),
    post: (path, body) => admitted('POST', path, body === undefined ? {} : { payload: body as object }),
    delete: (path) => admitted('DELETE', path),
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await queue.close()
      await harness.close()
    },
  }
}

/** The same cases on every store that the run tests, each with an API of its own. */
export function eachApi(
  group: string,
  cases: (open: (options?: Options & HarnessOptions) => Promise<GivenApi>) => void,
): void {
  eachStore(group, (open) =>
    cases(async (options = {}) => {
      const given = await open({ timezone: options.timezone, connection: options.connection })
      return { ...given, ...(await apiOn(given, options)) }
    }),
  )
}

/** An API on a store in memory, for what no database has a part in. */
export async function memoryApi(options: Options = {}): Promise<Api & { harness: Harness }> {
  const harness = await openMemory()
  return { ...(await apiOn(harness, options)), harness }
}

/** A token put together by hand, so that it may be wrong in any way. Valid for an hour unless `exp` says otherwise. */
export function token(
  payload: Record<string, unknown>,
  { secret = SECRET, header = {} }: { secret?: string | Buffer; header?: Record<string, unknown> } = {},
): string {
  const exp = Math.floor(Date.now() / 1_000) + 3_600
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part({ exp, ...payload })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
