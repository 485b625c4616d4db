import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { FaenaError, notAllowed } from '../../core/errors.ts'
import { sendFailure } from '../envelope.ts'
import { notFound } from '../not-found.ts'
import { type BuiltFile, dashboardFolder, readDashboard } from './files.ts'
import { contentSecurityPolicy, pageFor } from './page.ts'

export interface DashboardOptions {
  /** Where the built files lie; left out, those of this package. */
  folder?: string
  /** Origins whose pages may show the dashboard in a frame; default none. */
  framedBy?: readonly string[]
  /** Shown in the dashboard. */
  version?: string
}

/** First parts of addresses that are never pages of the dashboard. */
const NOT_PAGES: ReadonlySet<string> = new Set(['api', 'assets', 'health', 'metrics'])

/**
 * The dashboard as a Fastify plugin, to be registered with the prefix that `faenaApi` has:
 * `app.register(faenaDashboard, { prefix: '/admin' })` shows it at /admin. It is the same for everybody and holds no
 * secret; whoever is not logged in sees the log-in. Every address below the prefix that no other route has is a page of it.
 */
export const faenaDashboard: FastifyPluginAsync<DashboardOptions> = async (instance, options) => {
  const { folder = dashboardFolder(), version = '' } = options
  if (folder === undefined) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      'The dashboard is not built; in a checkout `npm run build:dashboard` builds it',
    )
  }
  const { page, files } = readDashboard(folder)
  const framedBy = (options.framedBy ?? []).map(checkedOrigin)
  const base = instance.prefix.replace(/\/$/, '')

  instance.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS)
  })
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const path = ((request.params as { '*'?: string })['*'] ?? '').replace(/^\/+/, '')
    const file = files.get(path)
    if (file !== undefined) return sendFile(file, request, reply)
    if (NOT_PAGES.has(path.split('/', 1)[0]!)) return sendFailure(request, reply, notFound(request.url, base))
    const nonce = randomBytes(16).toString('base64')
    return reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', contentSecurityPolicy(nonce, framedBy))
      .send(pageFor(page, { base, version, nonce }))
  }
  instance.get('/', answer)
  instance.get('/*', answer)
}

/** A file is no page: it may do nothing by itself, also when it is opened alone. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

function sendFile(file: BuiltFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { type, immutable, etag, plain, brotli, gzip } = file
  reply
    .header('content-type', type)
    .header('etag', etag)
    .header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (brotli !== undefined || gzip !== undefined) reply.header('vary', 'accept-encoding')
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  const taken = acceptedBy(request.headers['accept-encoding'])
  if (brotli !== undefined && taken.has('br')) return reply.header('content-encoding', 'br').send(brotli)
  if (gzip !== undefined && taken.has('gzip')) return reply.header('content-encoding', 'gzip').send(gzip)
  return reply.send(plain)
}

/** Encodings that a browser names without refusing them by `q=0`. */
function acceptedBy(header: string | string[] | undefined): Set<string> {
  const parts = String(header ?? '')
    .toLowerCase()
    .split(',')
  return new Set(parts.filter((part) => !/;\s*q=0(\.0+)?\s*$/.test(part)).map((part) => part.split(';', 1)[0]!.trim()))
}

function checkedOrigin(origin: string): string {
  if (origin === "'self'" || (URL.canParse(origin) && new URL(origin).origin === origin)) return origin
  throw notAllowed('BAD_CONFIGURATION', 'framedBy', origin, "origins such as https://backoffice.example.com, or 'self'")
}
