import { FaenaError } from '../../core/errors.ts'
import type { SqlRow } from './rows.ts'

/** Runs one statement in a library's transaction. */
export type Ask = (text: string, values: readonly unknown[]) => Promise<Asked>

export interface Asked {
  rows: SqlRow[]
  affected: number
  /** The first id that the statement gave; 0 where the library does not say, or there is none. */
  insertId: number
}

/** What a transaction of the application's can be reached by. */
export type Opened =
  /** The database client's own connection. */
  | { connection: unknown; ask?: undefined }
  /** A library that keeps the connection to itself. */
  | { library: 'Kysely' | 'Prisma'; ask: Ask }

type Form = Record<PropertyKey, unknown>

/**
 * Whatever was given as `tx`, told by its form: an open transaction of Kysely, Knex, Drizzle, TypeORM or Prisma, or a
 * connection of the database's client. Where a library gives out its connection, that is used, so that everything a store
 * knows of it holds. What surely is no open transaction is refused: its statements would commit by themselves.
 */
export function openedBy(tx: unknown): Opened | Promise<Opened> {
  if ((typeof tx !== 'object' && typeof tx !== 'function') || tx === null) return { connection: tx }
  const form = tx as Form
  if (has(form, 'executeQuery', 'withoutPlugins')) return kysely(form)
  if (has(form, '$queryRawUnsafe', '$executeRawUnsafe')) return prisma(form)
  if (typeof tx === 'function' && has(form, 'raw') && has(form.client, 'acquireConnection')) return knex(form)
  if (has(form, 'getRepository', 'transaction')) return typeormManager(form)
  if (has(form, 'startTransaction', 'connect') && 'isTransactionActive' in form) return typeormRunner(form)
  const kind = (form.constructor as unknown as Form | undefined)?.[Symbol.for('drizzle:entityKind')]
  if (typeof kind === 'string') return drizzle(form, kind)
  return { connection: tx }
}

/** Without plugins: one that renames columns would rename ours. */
function kysely(tx: Form): Opened {
  if (tx.isTransaction !== true)
    throw refused('a Kysely instance', 'the transaction that db.transaction().execute() or db.startTransaction() gives')
  const plain = (tx.withoutPlugins as () => KyselyTransaction).call(tx)
  return {
    library: 'Kysely',
    ask: async (sql, parameters) => {
      const query = { kind: 'RawNode', sqlFragments: [sql], parameters: [] }
      const result = await plain.executeQuery({ sql, parameters, query, queryId: { queryId: 'faena' } })
      const { rows, numAffectedRows, insertId } = result
      return { rows, affected: Number(numAffectedRows ?? 0), insertId: Number(insertId ?? 0) }
    },
  }
}

interface KyselyTransaction {
  executeQuery(query: {
    sql: string
    parameters: readonly unknown[]
    query: object
    queryId: object
  }): Promise<{ rows: SqlRow[]; numAffectedRows?: bigint; insertId?: bigint }>
}

/** A whole client has `$connect`, the client of a transaction has not. */
function prisma(tx: Form): Opened {
  if (typeof tx.$connect === 'function')
    throw refused('a Prisma client', 'what prisma.$transaction(async (tx) => …) gives')
  const { $queryRawUnsafe, $executeRawUnsafe } = tx as unknown as PrismaTransaction
  return {
    library: 'Prisma',
    ask: async (text, values) => {
      if (!/^\s*(select|with)\b/i.test(text)) {
        return { rows: [], affected: await $executeRawUnsafe.call(tx, text, ...values), insertId: 0 }
      }
      return { rows: (await $queryRawUnsafe.call(tx, text, ...values)) as SqlRow[], affected: 0, insertId: 0 }
    },
  }
}

interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<unknown>
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>
}

async function knex(tx: Form): Promise<Opened> {
  if (tx.isTransaction !== true) throw refused('a Knex instance', 'what knex.transaction(async (trx) => …) gives')
  if (has(tx, 'isCompleted') && (tx.isCompleted as () => boolean)()) throw over('Knex')
  return { connection: await (tx.client as { acquireConnection(): Promise<unknown> }).acquireConnection() }
}

function typeormManager({ queryRunner }: Form): Promise<Opened> {
  if (queryRunner) return typeormRunner(queryRunner as Form)
  throw refused(
    'a whole DataSource of TypeORM or its EntityManager',
    'what dataSource.transaction(async (manager) => …) gives',
  )
}

async function typeormRunner(runner: Form): Promise<Opened> {
  if (runner.isReleased === true) throw over('TypeORM')
  if (runner.isTransactionActive !== true)
    throw refused(
      'a TypeORM QueryRunner without a transaction',
      'one on which await queryRunner.startTransaction() was called',
    )
  return { connection: await (runner.connect as () => Promise<unknown>).call(runner) }
}

function drizzle(tx: Form, kind: string): Opened {
  if (!kind.endsWith('Transaction')) throw refused('a Drizzle database', 'what db.transaction(async (tx) => …) gives')
  const client = (tx.session as Form | undefined)?.client
  if (client === undefined)
    throw new FaenaError(
      'UNSUPPORTED',
      `tx is a Drizzle ${kind}, whose connection cannot be reached; allowed: Drizzle on pg, mysql2 or better-sqlite3`,
    )
  return { connection: client }
}

function has(form: unknown, ...methods: string[]): boolean {
  if ((typeof form !== 'object' && typeof form !== 'function') || form === null) return false
  return methods.every((method) => typeof (form as Form)[method] === 'function')
}

function refused(what: string, allowed: string): FaenaError {
  return new FaenaError('BAD_ARGUMENT', `tx is ${what}, not an open transaction; allowed: ${allowed}`)
}

function over(library: string): FaenaError {
  return new FaenaError('BAD_ARGUMENT', `tx is a transaction of ${library} that is over; allowed: one that is open`)
}
