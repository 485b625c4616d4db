import { FaenaError } from '../../core/errors.ts'
import { raw, sql } from '../sql/sql.ts'
import type { Context } from './context.ts'
import { sqlState } from './errors.ts'

const OLDEST = 130_000
const BAD_ZONE = '22023'
const NO_TABLE = '42P01'

/** Connects, and refuses a server that could not do the work: too old, a standby, without the zone or the character set. */
export async function refuseUnfit({ connection, wallClock }: Context): Promise<void> {
  const rows = await connection
    .query(
      'common',
      sql`
      select current_setting('server_version_num')::integer as number, current_setting('server_version') as version,
             pg_is_in_recovery() as standby, current_setting('server_encoding') as encoding,
             now() at time zone ${wallClock.zone} as wall`,
    )
    .catch((error: unknown) => {
      if (sqlState(error) !== BAD_ZONE) throw error
      throw new FaenaError(
        'BAD_CONFIGURATION',
        `PostgreSQL at ${connection.server} does not know the zone ${wallClock.zone} (FAENA_TIMEZONE)`,
        {
          cause: error,
        },
      )
    })
  const { number, version, standby, encoding } = rows[0] ?? {}
  const at = `PostgreSQL at ${connection.server}`
  if ((number as number) < OLDEST) throw unsafe(`${at} is ${version}; Faena needs 13 or later`)
  if (standby) throw unsafe(`${at} is a standby that takes no writes; name the primary in DATABASE_URL`)
  if (encoding !== 'UTF8')
    throw unsafe(
      `${at} keeps texts as ${encoding}, which cannot hold every payload; use a database made with encoding UTF8`,
    )
}

/** 0 where nothing has been migrated yet. */
export async function schemaVersion({ connection, names }: Context): Promise<number> {
  try {
    const [row] = await connection.query(
      'common',
      raw(`select coalesce(max(version), 0) as version from ${names.own('migrations')}`),
    )
    return row?.version as number
  } catch (error) {
    if (sqlState((error as Error).cause) === NO_TABLE) return 0
    throw error
  }
}

function unsafe(text: string): FaenaError {
  return new FaenaError('STORE_UNSAFE', text)
}
