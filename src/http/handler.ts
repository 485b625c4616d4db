import type { IncomingMessage, ServerResponse } from 'node:http'
import { BASE_PATH } from './base-path.ts'
import { createServer, type ServerOptions } from './server.ts'

/** A request as Node has it, or as Express and its like hand it on. */
type Incoming = IncomingMessage & { originalUrl?: string; body?: unknown }

/** Answers what is the API's and calls `next` for all else; without `next`, all else is answered with 404. */
export interface Handler {
  (request: Incoming, response: ServerResponse, next?: () => void): void
  /** Ends streams and lets go of the operations carried on here; the application's server closes by itself. */
  close(): Promise<void>
}

/**
 * The management API for an application that is no Fastify: a function for Node's requests, which Express, Nest and Hono on
 * Node take. With a `mount` all below it is Faena's, without one /api/v1/queue only. It may stand before or behind parsers
 * of bodies. Limits on headers, connections and their times are those of the application's own server.
 */
export async function createHandler(options: ServerOptions): Promise<Handler> {
  const server = await createServer(options)
  await server.ready()
  const place = options.mount || BASE_PATH
  const handle = (request: Incoming, response: ServerResponse, next?: () => void): void => {
    // Where Express has taken off a path, this is the address that was asked for.
    const url = request.originalUrl ?? request.url ?? '/'
    if (next !== undefined && !isBelow(url, place)) {
      next()
      return
    }
    request.url = url
    server.routing(request, response)
  }
  return Object.assign(handle, { close: () => server.close() })
}

function isBelow(url: string, place: string): boolean {
  return url === place || (url.startsWith(place) && '/?#'.includes(url[place.length]!))
}
