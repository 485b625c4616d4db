import { FaenaError } from '../../core/errors.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import type { Context } from './context.ts'
import { valueList } from './text.ts'

const LEAST = { MariaDB: [10, 6], MySQL: [8, 0, 1] }

/**
 * Refuses a server on which jobs could be lost or run twice: one without SKIP LOCKED, one that replicates statements
 * instead of rows, and tables of an engine without transactions.
 */
export async function refuseUnsafe({ connection, names }: Context): Promise<void> {
  const { schema, plain } = names
  const [server, tables] = await connection.query('common', [
    variables('global', ['version', 'log_bin', 'binlog_format']),
    sql`select table_name as name, engine as engine from information_schema.tables
         where table_schema = ${schema} and table_name in (${plain.jobs}, ${plain.failedJobs})`,
  ])
  const value = readVariables(server!.rows)
  const old = tooOld(value('version'))
  if (old) throw new FaenaError('STORE_UNSAFE', old)
  if (isOn(value('log_bin')) && value('binlog_format').toUpperCase() === 'STATEMENT') {
    throw new FaenaError(
      'STORE_UNSAFE',
      `The server at ${connection.source.shown} has binlog_format STATEMENT, under which jobs cannot be reserved safely; set binlog_format to ROW or MIXED`,
    )
  }
  const table = tables!.rows.find(({ engine }) => engine !== null && String(engine).toLowerCase() !== 'innodb')
  if (table) {
    throw new FaenaError(
      'STORE_UNSAFE',
      `The table ${String(table.name)} has the engine ${String(table.engine)}, which has no transactions; run: alter table ${String(table.name)} engine = InnoDB`,
    )
  }
}

/** What to say of a server that is too old, or undefined where it is not. */
export function tooOld(version: string): string | undefined {
  const kind = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL'
  // MariaDB puts 5.5.5- in front for clients that cannot read 10.
  const numbers = version
    .replace(/^5\.5\.5-/, '')
    .split(/[.-]/)
    .slice(0, 3)
    .map(Number)
  const least = LEAST[kind as keyof typeof LEAST]
  for (const [at, number] of least.entries()) {
    const given = numbers[at] ?? 0
    if (given > number) return undefined
    if (given < number)
      return `${kind} ${version} is too old for Faena, which needs SKIP LOCKED; allowed: ${kind} ${least.join('.')} and later`
  }
  return undefined
}

/** Settings of the server, by names of which some versions know only some. */
export function variables(scope: 'global' | 'session', names: readonly string[]): Sql {
  return sql`show ${raw(scope)} variables where variable_name in (${valueList(names)})`
}

/** The value of a setting, or an empty text where the server does not know it. */
export function readVariables(rows: readonly SqlRow[]): (name: string) => string {
  const values = new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]))
  return (name) => values.get(name) ?? ''
}

export function isOn(value: string): boolean {
  return value === '1' || value.toUpperCase() === 'ON'
}
