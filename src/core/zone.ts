import { type ErrorCode, notAllowed } from './errors.ts'

/**
 * How far a zone's clock is ahead of UTC, and when that changes. Facts come from the runtime's own IANA data, so a new
 * rule of a country needs a newer Node (or ICU), not a newer Faena.
 */
export interface Zone {
  /** As the runtime calls it, which may be an older name of the one asked for. */
  readonly name: string
  /** Ms that the wall clock is ahead of UTC at this instant. */
  offset(ms: number): number
  /** The first change of the clock after `from`, up to and including `to`. */
  shift(from: number, to: number): Shift | undefined
}

/** From `at` on the clock is `after` ms ahead of UTC; before, it was `before`. */
export interface Shift {
  at: number
  before: number
  after: number
}

const DAY = 86_400_000
/** Changes of one zone are listed per span of this length, once. */
const SPAN = 366 * DAY
/** No zone changed twice within a week since 1970, so looking every third day misses nothing. */
const STEP = 3 * DAY
const MOST_KNOWN = 2_000
/** The default zone asks nothing of ICU, whose first use costs a process some 20 ms and several megabytes. */
const UTC: Zone = { name: 'UTC', offset: () => 0, shift: () => undefined }
const known = new Map<string, Zone>()

/** Throws an error of `code` that names `setting` if the runtime knows no such zone. */
export function zoneNamed(name: string, code: ErrorCode, setting: string): Zone {
  const found = name === 'UTC' ? UTC : known.get(name)
  if (found) return found
  const format = formatter(name, code, setting)
  const canonical = format.resolvedOptions().timeZone
  const zone = known.get(canonical) ?? makeZone(canonical, format)
  // Names differ in case and by alias; the bound only keeps a stranger's spellings from filling memory.
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(canonical, zone).set(name, zone)
  return zone
}

function makeZone(name: string, format: Intl.DateTimeFormat): Zone {
  if (name === 'UTC') return UTC
  const offset = (ms: number) => readOffset(format.format(ms))
  const spans = new Map<number, Shift[]>()
  const shiftsOf = (span: number) => {
    const listed = spans.get(span) ?? listShifts(offset, span * SPAN, (span + 1) * SPAN)
    spans.set(span, listed)
    return listed
  }
  const shift = (from: number, to: number) => {
    for (let span = Math.floor(from / SPAN); span * SPAN <= to; span++) {
      const found = shiftsOf(span).find(({ at }) => at > from)
      if (found) return found.at <= to ? found : undefined
    }
    return undefined
  }
  return { name, offset, shift }
}

/** Changes in (from, to], found by bisection down to the second in which they happen. */
function listShifts(offset: Zone['offset'], from: number, to: number): Shift[] {
  const shifts: Shift[] = []
  let before = offset(from)
  for (let start = from; start < to; start += STEP) {
    const end = Math.min(start + STEP, to)
    const after = offset(end)
    if (after === before) continue
    let low = start
    let at = end
    while (at - low > 1_000) {
      const middle = Math.floor((low + at) / 2_000) * 1_000
      if (offset(middle) === before) low = middle
      else at = middle
    }
    shifts.push({ at, before, after })
    before = after
  }
  return shifts
}

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

function readOffset(text: string): number {
  const [, sign, hours, minutes, seconds] = OFFSET.exec(text) ?? []
  const ms = (Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1_000
  return sign === '-' ? -ms : ms
}

function formatter(zone: string, code: ErrorCode, setting: string): Intl.DateTimeFormat {
  try {
    if (typeof zone !== 'string' || zone === '') throw new RangeError('no zone')
    return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  } catch {
    throw notAllowed(code, setting, zone, 'a zone of the IANA list such as UTC, America/Bogota or Europe/Madrid')
  }
}
