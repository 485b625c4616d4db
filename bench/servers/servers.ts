import type { ServerKind } from '../contestants/list.ts'
import { mariadbServer } from './mariadb.ts'
import { noServer } from './none.ts'
import { postgresServer } from './postgres.ts'
import { redisServer } from './redis.ts'
import type { Server } from './server.ts'

const STARTS: Readonly<Record<ServerKind, () => Promise<Server>>> = {
  sqlite: noServer,
  postgres: postgresServer,
  mariadb: mariadbServer,
  redis: redisServer,
}

/** The servers of one run of the bench, each started when the first contestant needs it. */
export class Servers {
  readonly #started = new Map<ServerKind, Promise<Server>>()

  /** Rejects where the server's program is missing and cannot be installed, saying what to do. */
  of(kind: ServerKind): Promise<Server> {
    const server = this.#started.get(kind) ?? STARTS[kind]()
    this.#started.set(kind, server)
    return server
  }

  async versions(): Promise<string[]> {
    return (await Promise.all(this.#started.values())).map(({ version }) => version)
  }

  async stop(): Promise<void> {
    for (const server of await Promise.allSettled(this.#started.values())) {
      if (server.status === 'fulfilled') await server.value.stop()
    }
  }
}
