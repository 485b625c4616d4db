import { raw, sql } from '../sql/sql.ts'
import type { Run } from './connection.ts'
import type { Names } from './names.ts'

/** What of ours is in the database, as far as a migration has to know it. */
export interface Catalogue {
  readonly schemaExists: boolean
  /** Tables of the schema, each with the names of its columns; of each column, whether it has to be given a value. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, boolean>>
  readonly indexes: ReadonlyMap<string, Index>
  readonly functions: ReadonlySet<string>
  /** The highest version whose step was finished. */
  readonly version: number
}

export interface Index {
  readonly table: string
  /** Its first column, null where that is an expression. */
  readonly first: string | null
  /** False while it is being made, and for ever where that broke off. */
  readonly valid: boolean
}

export async function readCatalogue(run: Run, names: Names): Promise<Catalogue> {
  const { schema } = names
  const columns = await run(sql`
    select c.relname as table, a.attname as column, a.attnotnull and not a.atthasdef as strict
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname = ${schema} and c.relkind in ('r', 'p')`)
  const indexes = await run(sql`
    select c.relname as index, t.relname as table, a.attname as first, i.indisvalid and i.indisready as valid
      from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indexrelid
      join pg_catalog.pg_class t on t.oid = i.indrelid
      left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ${schema}`)
  const functions = await run(sql`
    select p.proname as function from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = ${schema}`)
  const schemas = await run(sql`select 1 from pg_catalog.pg_namespace where nspname = ${schema}`)
  const tables = new Map<string, Map<string, boolean>>()
  for (const row of columns) {
    const known = tables.get(String(row.table)) ?? new Map()
    tables.set(String(row.table), known.set(String(row.column), row.strict === true))
  }
  return {
    schemaExists: schemas.length > 0,
    tables,
    indexes: new Map(indexes.map((row) => [String(row.index), row as unknown as Index])),
    functions: new Set(functions.map((row) => String(row.function))),
    version: tables.has(names.plainOwn('migrations')) ? await versionIn(run, names) : 0,
  }
}

async function versionIn(run: Run, names: Names): Promise<number> {
  const [row] = await run(raw(`select coalesce(max(version), 0) as version from ${names.own('migrations')}`))
  return row?.version as number
}
