/** What must and must not compile around transactions; see dispatch.ts. Nothing here ever runs. */
import type { DatabaseSync } from 'node:sqlite'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Knex } from 'knex'
import type { ControlledTransaction, Transaction } from 'kysely'
import type { PoolConnection } from 'mysql2/promise'
import type { PoolClient } from 'pg'
import type { EntityManager, QueryRunner } from 'typeorm'
import { z } from 'zod'
import type { Queue } from '../../src/client/queue.ts'
import { handle, type JobContext } from '../../src/core/handler.ts'
import { defineJob, type } from '../../src/core/job.ts'

declare const queue: Queue
declare const open: {
  client: PoolClient
  connection: PoolConnection
  database: DatabaseSync
  kysely: Transaction<{ cases: { id: number } }>
  controlled: ControlledTransaction<{ cases: { id: number } }>
  knex: Knex.Transaction
  drizzle: Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0]
  manager: EntityManager
  runner: QueryRunner
}

const ping = defineJob({ name: 'ping', input: z.object({}) })
const count = defineJob({
  name: 'pages.count',
  input: z.object({}),
  keepResult: '1h',
  result: type<{ pages: number }>(),
})

export async function dispatching() {
  for (const tx of Object.values(open)) await queue.dispatch(ping, {}, { tx })
  await queue.dispatchMany(ping, [{}], { tx: open.kysely })
  queue.notify()
  // @ts-expect-error it is no option: notify is called after the commit
  await queue.dispatch(ping, {}, { tx: open.client, notify: true })
}

export const handlers = [
  handle(ping, async ({ complete }) => {
    for (const tx of Object.values(open)) await complete(tx)
    // @ts-expect-error the transaction is missing
    await complete()
  }),
  handle(count, async ({ complete }) => {
    await complete(open.knex, { pages: 3 })
    // @ts-expect-error the result is not what the definition names
    await complete(open.knex, { count: 3 })
    return { pages: 3 }
  }),
]

/** What a handler is given can be handed on. */
export function withoutDefinition({ complete }: JobContext): Promise<void> {
  return complete(open.drizzle)
}
