import { FaenaError } from '../../core/errors.ts'
import type { MysqlError } from './client.ts'

/** What a failed call is to its caller. */
type Fault = 'repeat' | 'unavailable' | 'unmigrated' | 'row' | 'other'

const REPEATABLE = new Set([
  1_213, // deadlock: the transaction was rolled back
  1_205, // lock time-out: the statement was, the transaction stands open
  1_020, // the row changed since it was read (MariaDB with innodb_snapshot_isolation)
  3_572, // nowait
  1_412, // the table's definition changed while a transaction was open
])

const UNMIGRATED = new Set([
  1_146, // no such table
  1_054, // no such column
  1_176, // no such index
])

/** The server is there and cannot be used: too busy, stopping, full, read-only, or it does not let us in. */
const UNAVAILABLE = new Set([
  ...[1_040, 1_203, 1_226, 1_129, 1_135, 1_037, 1_041], // connections, threads, memory
  ...[1_053, 1_077, 1_079, 1_158, 1_159, 1_160, 1_161, 1_317, 1_927, 3_168, 3_169], // stopping, killed, network
  ...[1_021, 1_114, 1_026, 1_030, 1_003, 1_180, 3_675], // disk full, table full, writing failed, commit failed
  ...[1_290, 1_792, 1_836, 3_100], // read-only
  ...[1_044, 1_045, 1_049, 1_130, 1_142, 1_251, 1_698, 3_118, 4_151], // access
  ...[1_969, 3_024], // time limit of the server's own
])

/** A row's fault whose sqlState says nothing: wrong text for the column, check constraints, truncation. */
const ROW = new Set([1_366, 1_265, 3_819, 4_025, 1_153, 1_301])

const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|EADDR|EACCES|ENOENT|ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|PROTOCOL_|HANDSHAKE_|POOL_CLOSED)/

/** The number of a server's error, or undefined where the error is not the server's. */
export function errorNumber(error: unknown): number | undefined {
  const { errno, sqlState } = (error ?? {}) as MysqlError
  return typeof errno === 'number' && typeof sqlState === 'string' ? errno : undefined
}

export function faultOf(error: unknown): Fault {
  if (error instanceof TooLarge) return 'row'
  const number = errorNumber(error)
  if (number === undefined) {
    const { code, fatal } = (error ?? {}) as MysqlError
    return fatal === true || (typeof code === 'string' && NETWORK.test(code)) ? 'unavailable' : 'other'
  }
  if (REPEATABLE.has(number)) return 'repeat'
  if (UNMIGRATED.has(number)) return 'unmigrated'
  if (UNAVAILABLE.has(number)) return 'unavailable'
  const state = (error as MysqlError).sqlState ?? ''
  if (state.startsWith('08')) return 'unavailable'
  return ROW.has(number) || /^(22|23|45)/.test(state) ? 'row' : 'other'
}

/** The server's own end of a statement: its time was over, or somebody who may had it killed. */
export function wasEnded(error: unknown): boolean {
  return [1_317, 1_969, 3_024].includes(errorNumber(error) ?? 0)
}

/** A lock of somebody else was not to be had in the time that our connections give it. */
export function waitedForLock(error: unknown): boolean {
  return errorNumber(error) === 1_205
}

/**
 * Whether a commit that was sent may have happened although its answer is an error: a lost connection leaves that open, and
 * an error of the commit itself (1180), which may have come after one of the server's logs had it.
 */
export function mayHaveCommitted(error: unknown): boolean {
  const number = errorNumber(error)
  return number === undefined || [1_053, 1_317, 1_927, 1_158, 1_159, 1_160, 1_161, 1_180].includes(number)
}

/** A statement longer than the server takes; it was not sent. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** The error as callers get it. `inDoubt`: what was asked may have been stored all the same. */
export function translated(error: unknown, server: string, inDoubt: boolean): unknown {
  if (error instanceof FaenaError) return error
  const text = error instanceof Error ? error.message : String(error)
  switch (faultOf(error)) {
    case 'repeat':
      return unavailable(
        `The database at ${server} was too busy with the same rows: ${text}; nothing was stored`,
        error,
        false,
      )
    case 'unavailable': {
      const doubt = inDoubt ? 'it is not known whether what was asked was stored' : 'nothing was stored'
      return unavailable(`The database at ${server} cannot be used: ${text || String(error)}; ${doubt}`, error, inDoubt)
    }
    case 'unmigrated':
      return new FaenaError(
        'MIGRATION_NEEDED',
        `The database at ${server} lacks what this version needs: ${text}; run faena migrate`,
        {
          cause: error,
        },
      )
    case 'row':
      if (error instanceof TooLarge) return new FaenaError('PAYLOAD_TOO_LARGE', text, { cause: error })
      return error
    default:
      return error
  }
}

export function unavailable(text: string, cause: unknown, inDoubt: boolean): FaenaError {
  return new FaenaError('STORE_UNAVAILABLE', text, { cause, inDoubt })
}
