import { readFileSync } from 'node:fs'
import type { Store } from '../../src/store.ts'
import { testFolder } from '../sqlite/support.ts'
import { testDatabase } from './mysql-database.ts'
import { givenSchema } from './postgres-schema.ts'
import { stores } from './stores.ts'

/** What a real Laravel wrote; `test/fixtures/laravel/README.md` says how it came here. */
export interface GoldenRows {
  /** One job of each kind, as pushed. */
  pushed: GoldenJob[]
  /** Jobs that one of its workers was running. */
  reserved: GoldenJob[]
  failed: GoldenFailed[]
}

interface GoldenJob {
  id: number
  queue: string
  payload: string
  attempts: number
  reserved_at: number | null
  available_at: number
  created_at: number
}

interface GoldenFailed {
  id: number
  uuid: string
  connection: string
  queue: string
  payload: string
  exception: string
  failed_at: string
}

/** Tables as that Laravel made them on that database, with rows it wrote there, and a store on them after `faena migrate`. */
export interface GoldenTables extends AsyncDisposable {
  readonly store: Store
  readonly rows: GoldenRows
  insert(table: 'jobs' | 'failed_jobs', rows: readonly (GoldenJob | GoldenFailed)[]): void | Promise<void>
  all<Row>(table: 'jobs' | 'failed_jobs'): Promise<Row[]>
}

interface OpenOptions {
  timezone?: string
  clock?: () => number
}

export const VERSIONS = ['8.83', '12.67'] as const
type Version = (typeof VERSIONS)[number]

const COLUMNS = {
  jobs: ['id', 'queue', 'payload', 'attempts', 'reserved_at', 'available_at', 'created_at'],
  failed_jobs: ['id', 'uuid', 'connection', 'queue', 'payload', 'exception', 'failed_at'],
}

const OPENERS: Record<string, (version: Version, options: OpenOptions) => Promise<GoldenTables>> = {
  async sqlite(version, options) {
    const folder = await testFolder()
    const database = folder.database()
    database.exec(fixture(version, 'sqlite', 'schema.sql'))
    const store = await folder.opened(options)
    return {
      store,
      rows: rowsOf(version, 'sqlite'),
      insert(table, rows) {
        const insert = database.prepare(insertInto(table, () => '?'))
        for (const row of rows) insert.run(...valuesOf(table, row))
      },
      async all<Row>(table: string) {
        return database.prepare(`select * from ${table} order by id`).all() as Row[]
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    }
  },

  async postgres(version, options) {
    const given = await givenSchema(fixture(version, 'pgsql', 'schema.sql').replaceAll('public.', '{}.'))
    const store = await given.store(options)
    await store.migrate()
    return {
      store,
      rows: rowsOf(version, 'pgsql'),
      insert(table, rows) {
        const text = insertInto(`${given.schema}.${table}`, (at) => `$${at + 1}`)
        for (const row of rows) given.look.all(text, valuesOf(table, row))
        // Ids were given, so the sequence has not moved by itself.
        const name = `${given.schema}.${table}`
        given.look.all(`select setval(pg_get_serial_sequence('${name}', 'id'), max(id)) from ${name}`)
      },
      async all<Row>(table: string) {
        const failed = table === 'failed_jobs' ? ', failed_at::text as failed_at' : ''
        return given.look.all<Row>(`select *${failed} from ${given.schema}.${table} order by id`)
      },
      [Symbol.asyncDispose]: () => given[Symbol.asyncDispose](),
    }
  },

  async mysql(version, options) {
    const database = await testDatabase()
    await database.connection.query(fixture(version, 'mariadb', 'schema.sql'))
    const store = await database.store(options)
    await store.migrate()
    return {
      store,
      rows: rowsOf(version, 'mariadb'),
      async insert(table, rows) {
        for (const row of rows)
          await database.rows(
            insertInto(table, () => '?'),
            valuesOf(table, row),
          )
      },
      all: (table) => database.rows(`select * from ${table} order by id`),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  },
}

/** Of the stores that are tested, those that Laravel knows, each with both versions. */
export const goldenTables = stores
  .filter(({ name }) => OPENERS[name])
  .flatMap(({ name }) =>
    VERSIONS.map((version) => ({
      name,
      version,
      open: (options: OpenOptions = {}) => OPENERS[name]!(version, options),
    })),
  )

function fixture(version: Version, database: string, file: string): string {
  return readFileSync(new URL(`../fixtures/laravel/${version}/${database}/${file}`, import.meta.url), 'utf8')
}

function rowsOf(version: Version, database: string): GoldenRows {
  return JSON.parse(fixture(version, database, 'rows.json')) as GoldenRows
}

function insertInto(table: string, place: (at: number) => string): string {
  const columns = COLUMNS[table.replace(/^.*\./, '') as keyof typeof COLUMNS]
  const names = columns.join(', ')
  return `insert into ${table} (${names}) values (${columns.map((_, at) => place(at)).join(', ')})`
}

function valuesOf(table: keyof typeof COLUMNS, row: GoldenJob | GoldenFailed): (string | number | null)[] {
  return COLUMNS[table].map((column) => row[column as keyof typeof row] as string | number | null)
}
