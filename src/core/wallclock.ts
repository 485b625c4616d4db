import { notAllowed } from './errors.ts'

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

const FORM = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d+)?Z?$/

export function wallClock(zone: string, setting = 'FAENA_TIMEZONE'): WallClock {
  if (zone === 'UTC') return { zone, text: utcText, read: readAsUtc }
  const format = formatter(zone, setting)
  const text = (ms: number) => {
    const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`
  }
  const offset = (ms: number) => readAsUtc(text(ms))! - Math.floor(ms / 1_000) * 1_000
  const read = (wall: string) => {
    const asUtc = readAsUtc(wall)
    if (asUtc === undefined) return undefined
    // The offset in force is one of those a day before and after; the earlier instant that reads back wins.
    const candidates = [asUtc - offset(asUtc - 86_400_000), asUtc - offset(asUtc + 86_400_000)].sort((a, b) => a - b)
    const plain = text(asUtc).length === 19 ? utcText(asUtc) : wall
    return candidates.find((ms) => text(ms) === plain) ?? candidates[0]
  }
  return { zone, text, read }
}

function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function readAsUtc(text: string): number | undefined {
  const found = FORM.exec(text.trim())
  if (!found) return undefined
  const [, year, month, day, hour, minute, second] = found.map(Number)
  return Date.UTC(year!, month! - 1, day, hour, minute, second)
}

function formatter(zone: string, setting: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch {
    throw notAllowed('BAD_CONFIGURATION', setting, zone, 'a zone of the IANA list such as UTC or America/Bogota')
  }
}
