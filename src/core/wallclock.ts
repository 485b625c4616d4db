import { zoneNamed } from './zone.ts'

/**
 * `YYYY-MM-DD HH:MM:SS` in a named zone: how `failed_jobs.failed_at` is written (Laravel writes its app.timezone, without
 * an offset) and how the API shows times. Reading the text back is exact but for the hour that a clock change repeats,
 * where the earlier instant is taken.
 */
export interface WallClock {
  readonly zone: string
  text(ms: number): string
  /** Unix milliseconds of such a text (fractions of a second and a `T` are accepted), or `undefined` if it is not one. */
  read(text: string): number | undefined
}

const DAY = 86_400_000
const FORM = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?Z?$/

export function wallClock(name: string, setting = 'FAENA_TIMEZONE'): WallClock {
  const zone = zoneNamed(name, 'BAD_CONFIGURATION', setting)
  const text = (ms: number) => utcText(ms + zone.offset(ms))
  const read = (wall: string) => {
    const asUtc = readAsUtc(wall)
    if (asUtc === undefined) return undefined
    // The offset in force is one of those a day before and after; the earlier instant that reads back wins.
    const candidates = [asUtc - zone.offset(asUtc - DAY), asUtc - zone.offset(asUtc + DAY)].sort((a, b) => a - b)
    return candidates.find((ms) => ms + zone.offset(ms) === asUtc) ?? candidates[0]
  }
  return { zone: name, text, read }
}

function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/** `undefined` also for what has the form but is no date, such as MySQL's 0000-00-00 and 31 February. */
function readAsUtc(text: string): number | undefined {
  const [, date, time] = FORM.exec(text.trim()) ?? []
  if (date === undefined || time === undefined) return undefined
  const ms = Date.parse(`${date}T${time}Z`)
  return Number.isFinite(ms) && utcText(ms) === `${date} ${time}` ? ms : undefined
}
