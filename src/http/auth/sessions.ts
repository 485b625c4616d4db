import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Admin } from '../../client/admin.ts'
import { ApiError } from '../errors.ts'
import { networkOf } from '../network.ts'
import { Turns } from '../turns.ts'
import type { Caller } from './caller.ts'

/** The panel's log-in: a cookie that scripts cannot read, and that acts for no other site. */
export class Sessions {
  readonly #accounts: Admin['accounts']
  readonly #path: string
  /** Whoever invents sessions keeps the store no busier than this, and a right one still passes. */
  readonly #lookUps = new Turns(MOST_LOOK_UPS)

  /** `path`: where the plugin is mounted; the cookie goes nowhere else. */
  constructor(accounts: Admin['accounts'], path: string) {
    this.#accounts = accounts
    this.#path = path === '' ? '/' : path
  }

  async open(request: FastifyRequest, reply: FastifyReply, subject: string, role: Caller['role']): Promise<Caller> {
    // What was there before is worth nothing now: nobody can be made to use a session somebody else began.
    const before = this.#secretOf(request)
    if (before !== undefined) await this.#accounts.closeSession(before)
    const { secret, session } = await this.#accounts.openSession({ subject, role, forMs: FOR_MS })
    reply.header('set-cookie', this.#cookie(request, secret, FOR_MS / 1_000))
    return { subject, role, roleFrom: 'session', until: session.expiresAt, tokenId: null }
  }

  async close(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const secret = this.#secretOf(request)
    if (secret !== undefined) await this.#accounts.closeSession(secret)
    reply.header('set-cookie', this.#cookie(request, '', 0))
  }

  /** Undefined where the request carries no session. Throws for one that has ended, or that another site makes use of. */
  async caller(request: FastifyRequest): Promise<Caller | undefined> {
    const secret = this.#secretOf(request)
    if (secret === undefined) return undefined
    const session = await this.#lookUps.take(networkOf(request.ip), () => this.#accounts.session(secret))
    if (session === undefined) throw new ApiError('TOKEN_EXPIRED', 'The session has ended: log in again')
    refuseCrossSite(request)
    const { subject, role, expiresAt: until } = session
    return { subject, role, roleFrom: 'session', until, tokenId: null }
  }

  #secretOf(request: FastifyRequest): string | undefined {
    const name = this.#name(request)
    for (const part of request.headers.cookie?.split(';') ?? []) {
      const [key, value] = part.trim().split('=', 2)
      if (key === name && value !== undefined && /^[\w-]{20,100}$/.test(value)) return value
    }
    return undefined
  }

  #cookie(request: FastifyRequest, value: string, seconds: number): string {
    const secure = isSecure(request) ? '; Secure' : ''
    return `${this.#name(request)}=${value}; Path=${this.#path}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`
  }

  /** Browsers hold to what the prefix of a name promises; without TLS they would refuse such a cookie. */
  #name(request: FastifyRequest): string {
    if (!isSecure(request)) return 'faena_session'
    return this.#path === '/' ? '__Host-faena_session' : '__Secure-faena_session'
  }
}

const FOR_MS = 12 * 3_600_000
/** Of one network at a time. */
const MOST_LOOK_UPS = 8

function isSecure({ protocol }: FastifyRequest): boolean {
  return protocol === 'https'
}

/** A cookie goes along whoever made the browser ask: what changes something must come from this very site. */
export function refuseCrossSite(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { 'sec-fetch-site': site, origin } = request.headers
  const own = site === undefined ? origin !== undefined && isOwn(origin, request) : site === 'same-origin'
  if (!own) throw new ApiError('CROSS_SITE_REQUEST', 'A session acts only for pages of its own site')
}

function isOwn(origin: string, request: FastifyRequest): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.host
}
