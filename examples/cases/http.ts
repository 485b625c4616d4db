import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { HOST } from './settings.ts'

/** The little that a web framework would do for this example: routes with `:parameters`, JSON out, errors as JSON. */
export interface Request {
  /** The `:parameters` of the route, in order. */
  params: string[]
  body: string
}

export interface Reply {
  status: number
  body: unknown
  headers?: Record<string, string>
}

export type Routes = Record<`${'GET' | 'POST'} /${string}`, (request: Request) => Reply | Promise<Reply>>

/** An error that the client is told about as it stands. */
export class HttpError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Listens on loopback, tells the parent process (if there is one), and stops on SIGTERM once open requests are answered. */
export function serve(name: string, port: number, portSetting: string, routes: Routes): void {
  const server = createServer((request, response) => {
    void answer(routes, request, response)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    const taken =
      error.code === 'EADDRINUSE' ? `port ${port} is taken; choose another with ${portSetting}` : error.message
    console.error(`${name}: ${taken}`)
    process.exit(1)
  })
  server.listen(port, HOST, () => process.send?.('listening'))
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
  })
  // Ctrl+C reaches every process of the terminal; the parent decides when to stop.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
}

async function answer(routes: Routes, request: IncomingMessage, response: ServerResponse) {
  const reply = await replyTo(routes, request)
  const text = typeof reply.body === 'string' ? reply.body : `${JSON.stringify(reply.body, null, 2)}\n`
  const type = typeof reply.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  response.writeHead(reply.status, { 'content-type': type, ...reply.headers }).end(text)
}

async function replyTo(routes: Routes, request: IncomingMessage): Promise<Reply> {
  try {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    for (const [route, handler] of Object.entries(routes)) {
      const [method, pattern = '/'] = route.split(' ')
      const found = new RegExp(`^${pattern.replace(/:\w+/g, '([^/]+)')}$`).exec(path)
      if (found && method === request.method)
        return await handler({ params: found.slice(1), body: await read(request) })
    }
    throw new HttpError(404, `There is no ${request.method} ${path} here`)
  } catch (error) {
    const status = error instanceof HttpError ? error.status : 500
    return { status, body: { error: error instanceof Error ? error.message : String(error) } }
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
