import type { Finding } from '../../store.ts'
import { sql } from '../sql/sql.ts'
import type { Context } from './context.ts'

const MANY_ROWS = 10_000
const LOW_SHARE = 0.5
const MIB = 1024 * 1024
const LARGE_MIB = 64
/** What a row of jobs takes up on average, generously. */
const ROW_BYTES = 4_096

/** Bloat, upkeep and form of the tables that the hot path works on. */
export async function tableFindings({ connection, names }: Context): Promise<Finding[]> {
  const { schema, plain } = names
  const rows = await connection.query(
    'common',
    sql`
    select c.relname as name, s.n_live_tup as live, s.n_dead_tup as gone, s.n_tup_upd as updated, s.n_tup_hot_upd as hot,
           pg_relation_size(c.oid) as bytes, coalesce(array_to_string(c.reloptions, ','), '') as options,
           to_char(greatest(s.last_autovacuum, s.last_vacuum), 'YYYY-MM-DD HH24:MI') as vacuumed,
           (select format_type(a.atttypid, null) from pg_attribute a where a.attrelid = c.oid and a.attname = 'payload') as payload
      from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_stat_all_tables s on s.relid = c.oid
     where n.nspname = ${schema} and c.relname in (${plain.jobs}, ${plain.failedJobs})`,
  )
  const findings = rows.flatMap((row) => ofTable(names.schema, row as unknown as TableRow, row.name === plain.jobs))
  return [...findings, ...(await leftovers())]

  /** What a broken-off REINDEX CONCURRENTLY leaves behind is written with every job and never read. */
  async function leftovers(): Promise<Finding[]> {
    const found = await connection.query(
      'common',
      sql`
      select x.relname as name from pg_index i
        join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = ${schema} and c.relname in (${plain.jobs}, ${plain.failedJobs}) and not i.indisvalid
         and left(x.relname, ${names.plainOwn('').length}) <> ${names.plainOwn('')}`,
    )
    return found.map(
      ({ name }): Finding => ({
        level: 'warning',
        topic: 'invalid index',
        text: `The index ${name} is invalid: its making broke off; it costs writes and helps nobody.`,
        remedy: `drop index concurrently "${schema}"."${name}";`,
      }),
    )
  }
}

interface TableRow {
  name: string
  live: number
  gone: number
  updated: number
  hot: number
  bytes: number
  options: string
  vacuumed: string | null
  payload: string
}

function ofTable(schema: string, row: TableRow, isJobs: boolean): Finding[] {
  const table = `"${schema}"."${row.name}"`
  const findings: Finding[] = []
  const mib = Math.round(row.bytes / MIB)
  const upkeep = `last vacuumed ${row.vacuumed ?? 'never'}`
  if (row.payload !== 'text') {
    findings.push({
      level: 'problem',
      topic: 'payload',
      text: `${table}.payload is ${row.payload}: payloads are rewritten or refused by it.`,
      remedy: `alter table ${table} alter column payload type text;`,
    })
  }
  if (/autovacuum_enabled=(false|off)/.test(row.options)) {
    findings.push({
      level: 'problem',
      topic: 'autovacuum',
      text: `autovacuum is switched off for ${table}: deleted rows pile up, and every reserve gets slower.`,
      remedy: `alter table ${table} reset (autovacuum_enabled);`,
    })
  }
  if (row.gone > MANY_ROWS && row.gone > 2 * row.live) {
    findings.push({
      level: 'warning',
      topic: 'bloat',
      text: `${table} holds ${row.gone} deleted rows beside ${row.live} live ones (${upkeep}).`,
      remedy: `Look for an old snapshot, then: vacuum ${table};`,
    })
  } else if (mib > LARGE_MIB && row.live * ROW_BYTES < row.bytes / 4) {
    findings.push({
      level: 'warning',
      topic: 'bloat',
      text: `${table} takes up ${mib} MiB for ${row.live} rows (${upkeep}); looks at the whole table pay for it.`,
      remedy: `In a quiet minute, with workers stopped: vacuum full ${table};`,
    })
  }
  if (isJobs && row.updated > MANY_ROWS && row.hot < row.updated * LOW_SHARE) {
    findings.push({
      level: 'warning',
      topic: 'fillfactor',
      text: `Only ${Math.round((row.hot / row.updated) * 100)} % of the updates of ${table} stayed on their page: each reserve writes every index.`,
      remedy: `alter table ${table} set (fillfactor = 50); and drop indexes that hold reserved_at, reserved_by or attempts.`,
    })
  }
  if (findings.length === 0)
    findings.push({ level: 'ok', topic: row.name, text: `${table}: ${row.live} rows, ${mib} MiB, ${upkeep}` })
  return findings
}
