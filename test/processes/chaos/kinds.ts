import mysql from 'mysql2/promise'
import pg from 'pg'
import { LARAVEL_TABLES as ON_MYSQL } from '../../support/laravel-mysql.ts'
import { LARAVEL_TABLES as ON_POSTGRES } from '../../support/laravel-postgres.ts'
import { startMariadb } from '../../support/servers/mariadb.ts'
import { startPostgres } from '../../support/servers/postgres.ts'
import type { CrashingServer, Place } from '../../support/servers/throwaway.ts'

/** A connection beside the store's, for the test's own statements. */
export interface Operator {
  rows<Row = Record<string, unknown>>(text: string): Promise<Row[]>
  end(): Promise<void>
}

export interface Kind {
  readonly store: 'postgres' | 'mysql'
  readonly name: string
  start(settings?: Record<string, string>, place?: Place): Promise<CrashingServer>
  operator(url: string): Promise<Operator>
  /** Ends every connection to the database but the operator's own. */
  killAll(operator: Operator, database: string): Promise<void>
  /** As Laravel 12 makes them, in the database that a URL names. */
  readonly laravelTables: string
  /** Takes away what a migration brings back and no worker needs at once. */
  readonly older: string
  /** What says all there is of a schema. */
  readonly schema: readonly string[]
}

export const KINDS: readonly Kind[] = [
  {
    store: 'postgres',
    name: 'PostgreSQL',
    start: startPostgres,
    async operator(url) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      return { rows: async (text) => (await client.query(text)).rows, end: () => client.end() }
    },
    async killAll(operator, database) {
      await operator.rows(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`)
    },
    laravelTables: ON_POSTGRES['laravel 8 and 12'].replaceAll('{}', 'public'),
    older: 'delete from faena_migrations; drop table faena_schedules; drop index faena_jobs_uuid',
    schema: [
      `select table_name, column_name, ordinal_position, data_type, is_nullable, column_default
         from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position`,
      `select pg_get_indexdef(indexrelid), indisvalid from pg_index
        where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) order by 1`,
      `select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace order by 1`,
    ],
  },
  {
    store: 'mysql',
    name: 'MariaDB',
    start: startMariadb,
    async operator(url) {
      const connection = await mysql.createConnection({ uri: url, multipleStatements: true })
      connection.on('error', () => {})
      return {
        rows: async (text) => (await connection.query(text))[0] as never,
        end: () => connection.end(),
      }
    },
    async killAll(operator, database) {
      const rows = await operator.rows<{ id: number }>(
        `select id from information_schema.processlist where db = '${database}'`,
      )
      // One may be gone before it is killed.
      for (const { id } of rows) await operator.rows(`kill connection ${id}`).catch(() => {})
    },
    laravelTables: ON_MYSQL['laravel-12'],
    older: 'delete from faena_migrations; drop table faena_schedules',
    schema: [
      `select table_name, column_name, ordinal_position, column_type, is_nullable, column_default, extra
         from information_schema.columns where table_schema = database() order by table_name, ordinal_position`,
      `select table_name, index_name, seq_in_index, column_name, sub_part, non_unique
         from information_schema.statistics where table_schema = database() order by 1, 2, 3`,
    ],
  },
]
