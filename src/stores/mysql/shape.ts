import { type Sql, sql } from '../sql/sql.ts'
import type { Connection } from './connection.ts'
import type { Names } from './names.ts'

/** Index of tables that Faena made: reserve reads it in order, and nothing in it ever changes by a reservation. */
export const DUE_INDEX = 'faena_jobs_due'

export interface TableFacts {
  /** Whether the table has the index that reserve reads in order; a table that Laravel made has not. */
  ordered: boolean
  /** The largest number of attempts the column holds: 255 in older Laravel tables. */
  mostAttempts: number
}

/** What the table of jobs looks like, asked once. */
export class Shape {
  readonly #connection: Connection
  readonly #names: Names
  #facts: Promise<TableFacts> | undefined

  constructor(connection: Connection, names: Names) {
    this.#connection = connection
    this.#names = names
  }

  read(): Promise<TableFacts> {
    this.#facts ??= this.#ask().catch((error: unknown) => {
      this.#facts = undefined
      throw error
    })
    return this.#facts
  }

  /** After a migration, or where the server says that the table is not what we took it for. */
  forget(): void {
    this.#facts = undefined
  }

  async #ask(): Promise<TableFacts> {
    const { schema, plain } = this.#names
    // A heartbeat asks for it, and must not stand in line behind the application.
    const [columns, indexes] = await this.#connection.query('beat', [
      columnsOf(schema, plain.jobs),
      sql`select index_name as name from information_schema.statistics
           where table_schema = ${schema} and table_name = ${plain.jobs} and index_name = ${DUE_INDEX} limit 1`,
    ])
    const attempts = columns?.rows.find(({ name }) => String(name).toLowerCase() === 'attempts')
    return {
      ordered: (indexes?.rows.length ?? 0) > 0,
      mostAttempts: topOf(String(attempts?.type ?? 'smallint unsigned')),
    }
  }
}

export function columnsOf(schema: string, table: string): Sql {
  return sql`select column_name as name, column_type as type from information_schema.columns
              where table_schema = ${schema} and table_name = ${table} order by ordinal_position`
}

const TOPS: Record<string, number> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 53 }

/** The largest number a column of this type holds; attempts beyond what other columns of ours hold are not needed. */
function topOf(type: string): number {
  const bits = TOPS[/^[a-z]+/.exec(type.toLowerCase())?.[0] ?? ''] ?? 16
  const top = type.includes('unsigned') ? 2 ** bits - 1 : 2 ** (bits - 1) - 1
  return Math.min(top, 65_535)
}
