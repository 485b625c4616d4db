import type { Finding } from '../../store.ts'
import { sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, nowMs } from './context.ts'
import { errorNumber } from './errors.ts'
import { SCHEMA_VERSION, versionOf } from './migrations.ts'
import { isOn, readVariables, tooOld, variables } from './safety.ts'
import { UUID_INDEX } from './schema.ts'
import { serverName } from './server.ts'
import { DUE_INDEX } from './shape.ts'

/** Undo records that nobody could purge yet; from here on a look over ended jobs begins to be felt. */
const LONG_HISTORY = 100_000
const VERY_LONG_HISTORY = 1_000_000
const OLD_TRANSACTION_S = 300
const SKEW_MS = 2_000
const SMALL_PACKET = 16 * 1024 * 1024
const MIB = 1024 * 1024

/** What `faena doctor` says of a MySQL or MariaDB server and of the tables in it. */
export function diagnosing(context: Context): () => Promise<Finding[]> {
  return async () => {
    const findings: Finding[] = [await schemaFinding(context)]
    findings.push(...(await settingFindings(context)), ...(await tableFindings(context)))
    for (const look of [historyFinding, oldTransactions]) {
      try {
        findings.push(...(await look(context)))
      } catch (error) {
        if (!isDenied(error)) throw error
        const remedy = 'Grant the PROCESS privilege to see it: grant process on *.* to the user of DATABASE_URL.'
        findings.push({ level: 'warning', topic: 'purge', text: 'The server hides its purge from this user', remedy })
      }
    }
    return findings
  }
}

async function schemaFinding({ connection, names }: Context): Promise<Finding> {
  let version = 0
  try {
    const [answer] = await connection.query('common', [versionOf(names)])
    version = Number(answer!.rows[0]!.version)
  } catch (error) {
    if (errorNumber((error as { cause?: unknown }).cause) !== 1_146) throw error
  }
  if (version === SCHEMA_VERSION) return { level: 'ok', topic: 'schema', text: `schema version ${version}` }
  const text = `schema version ${version}, this Faena needs ${SCHEMA_VERSION}`
  return { level: 'problem', topic: 'schema', text, remedy: 'Run faena migrate.' }
}

async function settingFindings(context: Context): Promise<Finding[]> {
  const [answer, session, global] = await context.connection.query('common', [
    sql`select version() as version, ${nowMs(context)} as now`,
    variables('session', ['tx_isolation', 'transaction_isolation']),
    variables('global', [
      'log_bin',
      'binlog_format',
      'sql_mode',
      'innodb_flush_log_at_trx_commit',
      'max_allowed_packet',
      'read_only',
    ]),
  ])
  const { version: name, now } = answer!.rows[0]!
  const version = String(name)
  const value = readVariables([...session!.rows, ...global!.rows])
  const old = tooOld(version)
  const findings: Finding[] = [
    old
      ? { level: 'problem', topic: 'version', text: old, remedy: 'Update the server.' }
      : { level: 'ok', topic: 'version', text: serverName(version) },
    clockFinding(context, Number(now)),
  ]
  const add = (topic: string, level: Finding['level'], text: string, remedy: string) =>
    findings.push({ level, topic, text, remedy })
  const isolation = value('tx_isolation') || value('transaction_isolation')
  if (isolation.toUpperCase() !== 'READ-COMMITTED') {
    const remedy =
      'Something between Faena and the server drops what a connection sets (a proxy that shares connections?): go round it.'
    add('isolation', 'problem', `Transactions are ${isolation}, though each connection asks for READ-COMMITTED`, remedy)
  }
  const flush = value('innodb_flush_log_at_trx_commit')
  if (flush !== '1') {
    const lost = flush === '2' ? 'a crash of the machine' : 'a crash of the server'
    const text = `innodb_flush_log_at_trx_commit is ${flush}: ${lost} loses the last second's dispatches`
    add('durability', 'warning', text, 'set global innodb_flush_log_at_trx_commit = 1')
  }
  const format = value('binlog_format').toUpperCase()
  if (isOn(value('log_bin')) && format !== 'ROW' && format !== '') {
    const remedy = 'set global binlog_format = ROW, and the same in the configuration file'
    add('replication', format === 'STATEMENT' ? 'problem' : 'warning', `binlog_format is ${format}`, remedy)
  }
  if (!/STRICT_(TRANS|ALL)_TABLES/i.test(value('sql_mode'))) {
    const text =
      "The server's sql_mode is not strict: other applications may cut payloads short without an error (Faena's own connections are strict)"
    add('strict mode', 'warning', text, "Put STRICT_TRANS_TABLES into the server's sql_mode.")
  }
  const packet = Number(value('max_allowed_packet'))
  if (packet < SMALL_PACKET) {
    const text = `max_allowed_packet is ${(packet / MIB).toFixed(0)} MiB: larger payloads and long exceptions are refused`
    add(
      'packet size',
      'warning',
      text,
      'set global max_allowed_packet = 67108864, and the same in the configuration file',
    )
  }
  if (isOn(value('read_only'))) {
    add(
      'read only',
      'problem',
      'The server is read-only: it is a replica, or was made one',
      'Point DATABASE_URL at the primary.',
    )
  }
  return findings
}

function clockFinding({ clock }: Context, now: number): Finding {
  const ahead = clock ? 0 : now - Date.now()
  const text = `The server's clock and this machine's are ${Math.abs(ahead)} ms apart`
  if (Math.abs(ahead) < SKEW_MS) return { level: 'ok', topic: 'clock', text }
  const remedy =
    'Set both by NTP. Jobs fall due by the clock of the server; only wait times in metrics are wrong meanwhile.'
  return { level: 'warning', topic: 'clock', text, remedy }
}

async function tableFindings({ connection, names }: Context): Promise<Finding[]> {
  const { schema, plain } = names
  const [indexes, engines] = await connection.query('common', [
    sql`select lower(index_name) as name, group_concat(lower(column_name) order by seq_in_index) as columns_in
          from information_schema.statistics where table_schema = ${schema} and table_name = ${plain.jobs} group by index_name`,
    sql`select table_name as name, engine as engine, table_rows as estimate, data_length + index_length as bytes
          from information_schema.tables where table_schema = ${schema} and table_name in (${plain.jobs}, ${plain.failedJobs})`,
  ])
  const findings: Finding[] = []
  const byName = new Map(indexes!.rows.map((row) => [String(row.name), String(row.columns_in)]))
  if (byName.size > 0) findings.push(...indexFindings(byName, plain.jobs))
  for (const row of engines!.rows) findings.push(tableFinding(row))
  return findings
}

function indexFindings(indexes: ReadonlyMap<string, string>, table: string): Finding[] {
  const findings: Finding[] = []
  if (!indexes.has(UUID_INDEX.name)) {
    const text = `${table} has no index ${UUID_INDEX.name}: every look for a uuid reads the whole table`
    const remedy = `create index ${UUID_INDEX.name} on ${table} (${UUID_INDEX.columns})`
    findings.push({ level: 'warning', topic: 'indexes', text, remedy })
  }
  if (indexes.has(DUE_INDEX)) {
    findings.push({
      level: 'ok',
      topic: 'indexes',
      text: `${table} is Faena's own: reserved from in order by ${DUE_INDEX}`,
    })
  } else {
    const text = `${table} was made by Laravel: its line is kept in memory, and a look through a queue of a million jobs takes about two seconds`
    findings.push({ level: 'ok', topic: 'indexes', text })
  }
  const risky = [...indexes].filter(
    ([name, columns]) => name !== DUE_INDEX && /\b(reserved_at|available_at|attempts)\b/.test(columns),
  )
  for (const [name, columns] of risky) {
    const text = `${table} has the index ${name} (${columns}), over columns that every reservation changes: workers deadlock on it`
    findings.push({
      level: 'warning',
      topic: 'indexes',
      text,
      remedy: `Unless something else needs it: drop index ${name} on ${table}`,
    })
  }
  return findings
}

function tableFinding({ name, engine, estimate, bytes }: SqlRow): Finding {
  const size = `${name}: about ${estimate} rows, ${(Number(bytes) / MIB).toFixed(1)} MiB`
  if (String(engine).toLowerCase() === 'innodb') return { level: 'ok', topic: 'tables', text: size }
  const text = `${name} has the engine ${engine}, which has no transactions`
  return { level: 'problem', topic: 'tables', text, remedy: `alter table ${name} engine = InnoDB` }
}

async function historyFinding({ connection }: Context): Promise<Finding[]> {
  const [answer] = await connection.query('common', [
    sql`select \`count\` as length from information_schema.innodb_metrics where name = 'trx_rseg_history_len'`,
  ])
  const length = Number(answer!.rows[0]?.length ?? 0)
  const text = `${length} undo records wait to be purged`
  if (length < LONG_HISTORY) return [{ level: 'ok', topic: 'purge', text }]
  const level = length < VERY_LONG_HISTORY ? 'warning' : 'problem'
  const remedy =
    'End transactions that stay open (below, if any); then look at innodb_purge_threads and the speed of the disk.'
  return [{ level, topic: 'purge', text: `${text}: reserving walks over jobs that ended long ago`, remedy }]
}

async function oldTransactions({ connection }: Context): Promise<Finding[]> {
  const [answer] = await connection.query('common', [
    sql`select trx_mysql_thread_id as thread, timestampdiff(second, trx_started, now()) as age
          from information_schema.innodb_trx order by trx_started limit 1`,
  ])
  const row = answer!.rows[0]
  if (!row || Number(row.age) < OLD_TRANSACTION_S)
    return [{ level: 'ok', topic: 'transactions', text: 'none is open for long' }]
  const text = `Connection ${row.thread} has had a transaction open for ${row.age} s: nothing that ended since can be purged`
  return [{ level: 'warning', topic: 'transactions', text, remedy: `Let it end, or: kill ${row.thread}` }]
}

function isDenied(error: unknown): boolean {
  const number = errorNumber((error as { cause?: unknown }).cause ?? error)
  return number !== undefined && [1_044, 1_142, 1_143, 1_227].includes(number)
}
