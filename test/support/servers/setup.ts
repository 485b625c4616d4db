import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import { ensureInstalled, missing } from './install.ts'
import { MARIADB, startMariadb } from './mariadb.ts'
import { POSTGRES, startPostgres } from './postgres.ts'
import type { Throwaway } from './throwaway.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `serverUrl` asks for a server. */
    servers: string
  }
}

/** How each kind of server is started. A URL in the environment stands for a server of one's own. */
const STARTS: Record<string, { given: string | undefined; start: () => Promise<Throwaway> }> = {
  postgres: { given: process.env.FAENA_TEST_POSTGRES_URL, start: () => startPostgres() },
  mysql: { given: process.env.FAENA_TEST_MYSQL_URL, start: () => startMariadb() },
}

/**
 * Servers for the tests, each started when the first test asks for it, shared by all test processes, stopped at the end of
 * the run. Asking goes over HTTP, since tests run in processes of their own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (project.config.env.FAENA_TEST_STORES === 'all') await installServers()
  const started = new Map<string, Promise<Throwaway>>()
  const serving = createServer(async (request, response) => {
    // A connection that was kept would be ended while this process makes a server and answers nobody.
    response.setHeader('connection', 'close')
    const kind = request.url?.slice(1) ?? ''
    try {
      response.end(await urlOf(kind, started))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }).listen(0, '127.0.0.1')
  await once(serving, 'listening')
  project.provide('servers', `http://127.0.0.1:${(serving.address() as { port: number }).port}`)
  return async () => {
    serving.close()
    for (const server of await Promise.allSettled(started.values())) {
      if (server.status === 'fulfilled') await server.value.stop()
    }
  }
}

/** Before a test asks for them, whose time would run out meanwhile. What cannot be installed is for the tests to say. */
async function installServers(): Promise<void> {
  for (const server of [POSTGRES, MARIADB]) if (missing(server) === undefined) await ensureInstalled(server)
}

async function urlOf(kind: string, started: Map<string, Promise<Throwaway>>): Promise<string> {
  const known = STARTS[kind]
  if (known === undefined)
    throw new Error(`there is no ${kind} for the tests; known: ${Object.keys(STARTS).join(', ')}`)
  if (known.given) return known.given
  const running = started.get(kind) ?? known.start()
  started.set(kind, running)
  return (await running).url
}
