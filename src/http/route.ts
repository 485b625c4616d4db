import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TNever, TObject, TSchema } from 'typebox'
import type { Role } from '../core/config.ts'
import type { Caller } from './auth/caller.ts'
import type { ApiCode } from './codes.ts'
import type { Services } from './services.ts'

/** What a route needs to be carried out. */
export interface Call<Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  caller: Caller
  services: Services
  request: FastifyRequest
  reply: FastifyReply
  /** Aborted when whoever asked has gone away. */
  gone: AbortSignal
}

/** What is sent as `data`, and said in one sentence where something was done. */
export interface Answer<Data> {
  data: Data
  message?: string
  /** Default 200. */
  status?: number
  headers?: Readonly<Record<string, string>>
  /** What the audit keeps of it, beside who, what and where from. */
  audit?: Readonly<Record<string, unknown>>
}

/** The route has sent, or is sending, its answer itself. */
export const STREAMED = Symbol('streamed')
export type Streamed = typeof STREAMED

/** What a request counts as where requests are limited per minute. */
export type Cost = 'read' | 'write' | 'bulk'

export interface RouteOptions<
  Params extends TObject,
  Query extends TObject,
  Body extends TObject,
  Data extends TSchema,
  Later extends TSchema,
> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the base path, with `{name}` for what varies. */
  path: string
  /** Unique; generated clients call the method so. */
  operation: string
  /** `public` needs neither token nor session. */
  role: Role | 'public'
  group: Group
  summary: string
  description?: string
  params?: Params
  query?: Query
  body?: Body
  /** A body may be left out. */
  bodyOptional?: boolean
  data: Data
  /** An example of `data` and, of a write, of the message. */
  example: Static<Data>
  says?: string
  bodyExample?: Static<Body>
  /** Refusals beyond those that any route may give. */
  refusals?: readonly ApiCode[]
  /** One of the eight that clients hold already: unknown parameters, empty ones and a trailing slash are forgiven. */
  patient?: boolean
  /** Surfaced fields are parameters of the address too. */
  searchable?: boolean
  cost?: Cost
  /** What the audit calls it, and to what it was done; every write has it. */
  audited?: { action: string; target?: (params: Record<string, string>) => string }
  /** Keys of the data, or of its rows, that tell only how time passes: with others in their place it is the same answer. */
  ticking?: readonly string[]
  /** With `Prefer: respond-async` the answer is 202 and this, in place of `data`. */
  later?: { data: Later; example: Static<Later>; says: string }
  /** The answer is a stream that the route sends itself, of this type. */
  stream?: string
  carryOut(
    call: Call<Static<Params>, Static<Query>, Static<Body>>,
  ): Promise<Answer<Static<Data>> | Answer<Static<Later>> | Streamed>
}

export type Group =
  | 'The eight'
  | 'Jobs'
  | 'Failed jobs'
  | 'Queues'
  | 'Workers'
  | 'Schedules'
  | 'History'
  | 'Operations'
  | 'Alerts'
  | 'Access'
  | 'About'

/** A route with its types taken off: what the plugin registers and the OpenAPI document lists. */
export interface Route
  extends Omit<
    RouteOptions<TObject, TObject, TObject, TSchema, TSchema>,
    'carryOut' | 'example' | 'bodyExample' | 'later'
  > {
  cost: Cost
  example: unknown
  later?: { data: TSchema; example: unknown; says: string }
  bodyExample?: unknown
  carryOut(call: Call<unknown, unknown, unknown>): Promise<Answer<unknown> | Streamed>
}

/** Ties the types of a route's schemas to its code. */
export function route<
  Data extends TSchema,
  Params extends TObject = TObject<Record<never, never>>,
  Query extends TObject = TObject<Record<never, never>>,
  Body extends TObject = TObject<Record<never, never>>,
  Later extends TSchema = TNever,
>(options: RouteOptions<Params, Query, Body, Data, Later>): Route {
  return { cost: options.method === 'GET' ? 'read' : 'write', ...options } as unknown as Route
}
