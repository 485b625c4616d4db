import { FaenaError, notAllowed } from './errors.ts'
import { type Expression, nextWall, readExpression } from './expression.ts'
import { type Zone, zoneNamed } from './zone.ts'

/** When a schedule fires: by a cron expression on the wall clock of a zone, or at every whole multiple of an interval since 1970. */
export type Timing = { cron: string; zone: string } | { everyMs: number }

const SHORTEST_INTERVAL = 1_000
const LONGEST_INTERVAL = 366 * 86_400_000
const LAST_INSTANT = 8.64e15 - 50 * 366 * 86_400_000

/**
 * The first instant after `after` (unix ms) at which `timing` fires, or null if there is none within 45 years.
 *
 * A fixed interval is counted from 1970, so that any number of processes agree on its ticks without talking.
 *
 * Where a zone's clock changes, a cron expression means this:
 * - an expression that leaves hours out (`30 2 * * *`) fires at the first instant after a gap for what the gap skipped,
 *   once; what a repeated hour shows twice, it fires for the first time only;
 * - one that runs through the hour (its minute field begins with a star) also fires in the repetition;
 * - one of every hour (`15 * * * *`) follows the clock alone: nothing is made up, and a repeated hour fires again.
 */
export function nextRun(timing: Timing, after: number): number | null {
  if (!(Math.abs(after) < LAST_INSTANT)) return null
  if ('everyMs' in timing) return (Math.floor(after / timing.everyMs) + 1) * timing.everyMs
  return nextOnClock(expressionOf(timing.cron), zoneNamed(timing.zone, 'BAD_SCHEDULE', 'zone'), after)
}

/** Throws BAD_SCHEDULE that names `name`, the part at fault, its value and what is allowed. Returns the timing as it was given. */
export function checkTiming(timing: Timing, name = 'schedule'): Timing {
  if ('everyMs' in timing) {
    const { everyMs } = timing
    const whole = Number.isInteger(everyMs) && everyMs >= SHORTEST_INTERVAL && everyMs <= LONGEST_INTERVAL
    if (!whole)
      throw notAllowed('BAD_SCHEDULE', `interval of ${name}`, everyMs, 'whole milliseconds from 1000 (1s) to 366d')
    return timing
  }
  try {
    zoneNamed(timing.zone, 'BAD_SCHEDULE', 'zone')
    if (nextWall(readExpression(timing.cron), 0) === null) {
      throw notAllowed(
        'BAD_SCHEDULE',
        'cron',
        timing.cron,
        'an expression that some day fits (30 February never comes)',
      )
    }
  } catch (cause) {
    const { message, issues } = cause as FaenaError
    throw new FaenaError('BAD_SCHEDULE', `${name}: ${message}`, { cause, issues })
  }
  return timing
}

/** Goes along stretches of unchanged offset: looks for the next fit as if the clock never changed, then whether it does before that. */
function nextOnClock(expression: Expression, zone: Zone, after: number): number | null {
  const once = !expression.everyHour && !expression.everyMinute
  let at = Math.floor(after / 1_000) * 1_000
  let offset = zone.offset(at)
  let wall = at + offset + 1_000
  for (;;) {
    if (once) wall = Math.max(wall, shownBefore(zone, at))
    const fit = nextWall(expression, wall)
    if (fit === null) return null
    const shift = zone.shift(at, fit - offset)
    if (shift === undefined) return fit - offset
    const skipped = fit < shift.at + shift.after
    if (skipped && !expression.everyHour) return shift.at
    at = shift.at
    offset = shift.after
    wall = at + offset
  }
}

/** The wall-clock time up to which the clock, set back within the last day before `at`, shows times it has shown already. */
function shownBefore(zone: Zone, at: number): number {
  const shift = zone.shift(at - 86_400_000, at)
  return shift !== undefined && shift.before > shift.after ? shift.at + shift.before : Number.NEGATIVE_INFINITY
}

const read = new Map<string, Expression>()
const MOST_READ = 500

function expressionOf(cron: string): Expression {
  const found = read.get(cron)
  if (found) return found
  const expression = readExpression(cron)
  if (read.size >= MOST_READ) read.clear()
  read.set(cron, expression)
  return expression
}
