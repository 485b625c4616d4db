import { FaenaError } from '../../core/errors.ts'

/** What a failed call is to its caller. */
type Fault = 'repeat' | 'unavailable' | 'unmigrated' | 'row' | 'other'

const REPEATABLE = new Set(['40001', '40P01', '55P03']) // serialization, deadlock, lock time-out
const UNMIGRATED = new Set(['42P01', '42703', '42883', '3F000']) // table, column, function, schema
/** Classes: connection, invalid authorization, invalid catalogue, resources, intervention, system error. */
const UNAVAILABLE = ['08', '28', '3D', '53', '57', '58', 'XX']
/** A server that takes no writes, since it became a standby; a transaction that idled for too long and was undone. */
const REFUSED = new Set(['25006', '25P03'])
/** Data and integrity: this very row is at fault. 54000: too large for an index. */
const ROW = ['22', '23', '54']

const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|EADDR|EACCES|ENOENT|ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined
}

export function faultOf(error: unknown): Fault {
  const state = sqlState(error)
  if (state !== undefined) {
    if (REPEATABLE.has(state)) return 'repeat'
    if (UNMIGRATED.has(state)) return 'unmigrated'
    if (REFUSED.has(state) || UNAVAILABLE.some((start) => state.startsWith(start))) return 'unavailable'
    return ROW.some((start) => state.startsWith(start)) ? 'row' : 'other'
  }
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string' && NETWORK.test(code)) return 'unavailable'
  // The client's own words for a connection that went away have no code.
  return error instanceof Error && /connection|connect|timeout|client was closed|not queryable/i.test(error.message)
    ? 'unavailable'
    : 'other'
}

/**
 * The server's own end of a statement: its time was over, or somebody who may had it cancelled. The connection is as good as
 * before.
 */
export function wasEnded(error: unknown): boolean {
  return sqlState(error) === '57014'
}

/** Of a prepared statement: poolers give their connections now to this client, now to that. Or its answer has another form since. */
const UNPREPARED = new Set(['26000', '42P05', '0A000']) // not known by its name, known already, the plan's result changed

/** Whether a prepared statement failed because it was prepared; nothing of it was done. */
export function isUnprepared(error: unknown): boolean {
  return UNPREPARED.has(sqlState(error) ?? '')
}

/** Whether a statement that had been sent may have been committed although it failed: only a lost connection leaves that open. */
export function mayHaveCommitted(error: unknown): boolean {
  const state = sqlState(error)
  return state === undefined || state.startsWith('08') || state.startsWith('57P')
}

/** The error as callers get it. `inDoubt`: what was asked may have been stored all the same. */
export function translated(error: unknown, server: string, inDoubt: boolean): unknown {
  if (error instanceof FaenaError) return error
  const text = error instanceof Error ? error.message : String(error)
  switch (faultOf(error)) {
    case 'repeat':
      return unavailable(
        `PostgreSQL at ${server} was too busy with the same rows: ${text}; nothing was stored`,
        error,
        false,
      )
    case 'unavailable': {
      const doubt = inDoubt ? 'it is not known whether what was asked was stored' : 'nothing was stored'
      return unavailable(`PostgreSQL at ${server} cannot be used: ${text}; ${doubt}`, error, inDoubt)
    }
    case 'unmigrated':
      return new FaenaError(
        'MIGRATION_NEEDED',
        `PostgreSQL at ${server} lacks what this version needs: ${text}; run faena migrate`,
        {
          cause: error,
        },
      )
    default:
      return error
  }
}

export function unavailable(text: string, cause: unknown, inDoubt: boolean): FaenaError {
  return new FaenaError('STORE_UNAVAILABLE', text, { cause, inDoubt })
}
