import type { Finding } from '../../store.ts'
import { type Sql, sql } from '../sql/sql.ts'
import type { Context } from './context.ts'
import { notificationsArrive } from './listener.ts'
import { missingChanges } from './migrations.ts'
import { schemaVersion } from './safety.ts'
import { SCHEMA_VERSION } from './schema.ts'
import type { Source } from './source.ts'
import { tableFindings } from './table-findings.ts'

/** What `faena doctor` says of a PostgreSQL server and of the tables on it. What a role may not see is left out. */
export function diagnosing(context: Context, source: Source, notifications: boolean): () => Promise<Finding[]> {
  return async () => [
    ...(await settings(context)),
    ...(await schema(context)),
    ...(await tableFindings(context)),
    ...(await oldSnapshots(context)),
    ...(await connections(context)),
    ...(notifications ? await hearing(context, source) : []),
  ]
}

/** Settings under which an acknowledged job could be lost, or the hot path fails more than it should. */
async function settings({ connection }: Context): Promise<Finding[]> {
  const rows = await connection.query(
    'common',
    sql`
    select name, setting from pg_settings
     where name in ('server_version', 'fsync', 'full_page_writes', 'synchronous_commit', 'default_transaction_isolation',
                    'autovacuum', 'track_counts', 'tcp_user_timeout', 'tcp_keepalives_idle')`,
  )
  const is = Object.fromEntries(rows.map((row) => [row.name, row.setting])) as Record<string, string>
  const findings: Finding[] = [
    { level: 'ok', topic: 'server', text: `PostgreSQL ${is.server_version} at ${connection.server}` },
  ]
  const wrong = (bad: boolean, level: Finding['level'], topic: string, text: string, remedy: string) => {
    if (bad) findings.push({ level, topic, text, remedy })
  }
  for (const name of ['fsync', 'full_page_writes']) {
    wrong(
      is[name] === 'off',
      'problem',
      'durability',
      `${name} is off: a loss of power can corrupt the database and lose jobs.`,
      `alter system set ${name} = on; select pg_reload_conf();`,
    )
  }
  wrong(
    is.synchronous_commit === 'off',
    'warning',
    'durability',
    'synchronous_commit is off: a crash of the server may undo what was acknowledged in its last half second.',
    'alter system set synchronous_commit = on; select pg_reload_conf(); (or set it for the role of the application)',
  )
  wrong(
    is.default_transaction_isolation !== 'read committed',
    'warning',
    'isolation',
    `default_transaction_isolation is ${is.default_transaction_isolation}: workers that reserve at the same moment get serialization errors and try again.`,
    "alter role THE_ROLE set default_transaction_isolation = 'read committed';",
  )
  wrong(
    is.autovacuum === 'off' || is.track_counts === 'off',
    'problem',
    'autovacuum',
    'autovacuum is off: deleted rows pile up, and every reserve gets slower.',
    'alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf();',
  )
  if (is.tcp_user_timeout === '0') {
    findings.push({
      level: 'ok',
      topic: 'lost clients',
      text: `tcp_user_timeout is 0 and tcp_keepalives_idle ${is.tcp_keepalives_idle} s: what a machine that vanished had locked in a transaction of yours stays locked for long. Faena's own transactions end by themselves.`,
      remedy:
        "alter system set tcp_user_timeout = '30s'; alter system set tcp_keepalives_idle = '60s'; select pg_reload_conf();",
    })
  }
  return findings
}

async function schema(context: Context): Promise<Finding[]> {
  const version = await schemaVersion(context)
  const missing = await missingChanges(context)
  if (missing.length === 0) return [{ level: 'ok', topic: 'schema', text: `schema version ${version}` }]
  const first = missing[0]!.split('\n')[0]!
  const text =
    version === 0
      ? 'Faena’s tables are not there yet.'
      : `schema version ${version}, this Faena needs ${SCHEMA_VERSION}; missing or invalid: ${first}${missing.length > 1 ? ` and ${missing.length - 1} more` : ''}`
  return [{ level: 'problem', topic: 'schema', text, remedy: 'Run faena migrate.' }]
}

const OLD_SECONDS = 300

/** Whoever holds an old snapshot keeps every deleted job in the table, and each scan has to pass them by. */
export async function oldSnapshots(context: Context, seconds = OLD_SECONDS): Promise<Finding[]> {
  const found = await rowsOf(
    context,
    sql`
    select 'a transaction of ' || coalesce(nullif(application_name, ''), usename, 'somebody') || ' (pid ' || pid || ', ' || state || ')' as who,
           extract(epoch from now() - xact_start)::integer as seconds, 'select pg_terminate_backend(' || pid || ');' as remedy
      from pg_stat_activity
     where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()
       and xact_start < now() - make_interval(secs => ${seconds})
    union all
    select 'the prepared transaction ' || gid, extract(epoch from now() - prepared)::integer,
           'commit prepared or rollback prepared ' || quote_literal(gid) || ';'
      from pg_prepared_xacts where database = current_database() and prepared < now() - make_interval(secs => ${seconds})
     order by 2 desc limit 3`,
  )
  const slots = await rowsOf(
    context,
    sql`
    select slot_name as who, greatest(age(xmin), age(catalog_xmin)) as age from pg_replication_slots
     where not active and greatest(age(xmin), age(catalog_xmin)) > 1000000`,
  )
  return [
    ...found.map(
      ({ who, seconds: open, remedy }): Finding => ({
        level: 'warning',
        topic: 'old snapshot',
        text: `${who} has been open for ${open} s: until it ends, no deleted job can be cleared away.`,
        remedy: `End it: ${remedy} To keep it from happening: alter role … set idle_in_transaction_session_timeout = '5min';`,
      }),
    ),
    ...slots.map(
      ({ who, age }): Finding => ({
        level: 'warning',
        topic: 'old snapshot',
        text: `The replication slot ${who} is not used and holds back ${age} transactions: no deleted job can be cleared away.`,
        remedy: `select pg_drop_replication_slot('${String(who).replaceAll("'", "''")}');`,
      }),
    ),
  ]
}

async function connections(context: Context): Promise<Finding[]> {
  const [row] = await rowsOf(
    context,
    sql`
    select count(*)::integer as used, current_setting('max_connections')::integer as most from pg_stat_activity where backend_type = 'client backend'`,
  )
  const { used, most } = row as { used: number; most: number }
  if (used < most * 0.8) return []
  return [
    {
      level: 'warning',
      topic: 'connections',
      text: `${used} of ${most} connections are in use; a worker process takes up to 11, its heartbeat thread included.`,
      remedy: 'Put PgBouncer in front (transaction mode works), or raise max_connections.',
    },
  ]
}

async function hearing({ connection }: Context, source: Source): Promise<Finding[]> {
  if (source.listener === undefined) return []
  if (await notificationsArrive(source, connection)) {
    return [{ level: 'ok', topic: 'notifications', text: 'notifications arrive: idle workers are woken at once' }]
  }
  return [
    {
      level: 'warning',
      topic: 'notifications',
      text: 'Notifications do not arrive (a pooler in transaction mode keeps them): workers find jobs of other processes by looking.',
      remedy: 'Let workers connect to PostgreSQL itself, or lower --sleep.',
    },
  ]
}

/** A view that this role may not read tells nothing; that is no finding. */
function rowsOf({ connection }: Context, statement: Sql) {
  return connection.query('common', statement).catch((error: { code?: unknown }) => {
    if (error.code === '42501') return []
    throw error
  })
}
