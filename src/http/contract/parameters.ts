import { Type } from 'typebox'
import type { Admin } from '../../client/admin.ts'
import { jobRef } from '../../client/refs.ts'
import { isFaenaError } from '../../core/errors.ts'
import type { WallClock } from '../../core/wallclock.ts'
import { ApiError } from '../errors.ts'

/** Parameters that several routes have. */

export const MOST_ROWS = 200
export const USUAL_ROWS = 50

/** More than 200 is taken as 200, as clients know it. */
export const limitParameter = Type.Optional(
  Type.Integer({
    minimum: 1,
    description: `How many rows at most; default ${USUAL_ROWS}; more than ${MOST_ROWS} counts as ${MOST_ROWS}`,
  }),
)

export function limitOf(limit: number | undefined): number {
  return Math.min(limit ?? USUAL_ROWS, MOST_ROWS)
}

export function idParams(description: string) {
  return Type.Object({ id: Type.String({ description: `${description}: row id or uuid`, examples: ['45'] }) })
}

/** Throws BAD_ARGUMENT for what is neither a positive whole number nor a uuid. */
export function refOf(id: string): number | string {
  return jobRef(id)
}

export const momentForm = Type.Unsafe<number | string>({
  type: ['integer', 'string'],
  description: 'An instant: unix seconds, YYYY-MM-DD HH:MM:SS in FAENA_TIMEZONE, or ISO 8601 with its zone',
  examples: ['2025-11-07 17:45:59'],
})

/** The year 9999 ends first east of all zones; years of five digits are no dates to databases. */
const FIRST_AFTER = Date.parse('9999-12-31T00:00:00Z')

/** Unix ms. Throws BAD_ARGUMENT. */
export function momentOf(value: number | string, name: string, clock: WallClock): number {
  const ms =
    typeof value === 'number' || /^\d{1,12}$/.test(value) ? Number(value) * 1_000 : (isoOf(value) ?? clock.read(value))
  if (ms !== undefined && Number.isFinite(ms) && ms >= 0 && ms < FIRST_AFTER) return ms
  const message = 'allowed: unix seconds, YYYY-MM-DD HH:MM:SS, or ISO 8601, from 1970 to 9999'
  throw new ApiError('BAD_ARGUMENT', `${name} is no instant; ${message}`, { issues: [{ path: name, message }] })
}

/** Of texts that name their zone, and of mere dates: these are days of UTC. All else is a time of the configured zone. */
function isoOf(value: string): number | undefined {
  const hasZone = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d))?$/.test(value)
  return hasZone ? Date.parse(value) : undefined
}

/** What a repair answers, or NOT_FOUND in the words that clients know, with what became of the job. */
export async function notThere<Done>(
  kind: 'Job' | 'Failed job',
  id: string,
  admin: Pick<Admin, 'fate'>,
  done: Promise<Done>,
): Promise<Done> {
  try {
    return await done
  } catch (error) {
    if (!isFaenaError(error, 'NOT_FOUND')) throw error
    const detail = await admin.fate(kind === 'Job' ? 'job' : 'failed', refOf(id)).catch(() => undefined)
    throw new ApiError(kind === 'Job' ? 'JOB_NOT_FOUND' : 'FAILED_JOB_NOT_FOUND', `${kind} ${id} not found`, { detail })
  }
}
