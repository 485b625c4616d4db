import { currentLanguage, type Language } from './index.ts'

/** Numbers and times as the language writes them. Formatters cost; each is made once per language. */
const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>()

function formatter<Kind extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  name: string,
  make: (language: Language) => Kind,
): Kind {
  const language = currentLanguage()
  const key = `${name} ${language}`
  const known = formatters.get(key)
  if (known !== undefined) return known as Kind
  const made = make(language)
  formatters.set(key, made)
  return made
}

/** `12 345`, grouped from four digits on in Spanish too, so that columns of figures line up. */
export function formatNumber(value: number): string {
  return formatter(
    'number',
    (language) => new Intl.NumberFormat(language, { useGrouping: 'always', maximumFractionDigits: 1 }),
  ).format(value)
}

export function formatPercent(value: number): string {
  return formatter(
    'percent',
    (language) => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }),
  ).format(value)
}

/** `1.2k`, for axes and badges. */
export function formatCompact(value: number): string {
  return formatter(
    'compact',
    (language) => new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 }),
  ).format(value)
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export function formatBytes(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const unit = BYTE_UNITS[power] ?? 'byte'
  return formatter(
    `bytes ${unit}`,
    (language) =>
      new Intl.NumberFormat(language, {
        style: 'unit',
        unit,
        unitDisplay: 'short',
        maximumFractionDigits: power > 1 ? 1 : 0,
      }),
  ).format(bytes / 1_000 ** power)
}

/** Date and time of an instant, in the browser's zone. */
export function formatInstant(ms: number): string {
  return formatter(
    'instant',
    (language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }),
  ).format(ms)
}

/** For axes: the hour within a day, else the day too. */
export function formatAxisTime(ms: number, hours: number): string {
  if (hours <= 24) {
    return formatter(
      'hour',
      (language) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false }),
    ).format(ms)
  }
  return formatter('day', (language) => new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' })).format(
    ms,
  )
}

export function formatTime(ms: number): string {
  return formatter(
    'time',
    (language) => new Intl.DateTimeFormat(language, { timeStyle: 'medium', hour12: false }),
  ).format(ms)
}

/** `350 ms`, `1.8 s`, `7 min 12 s`, `3 h 5 min`, `2 d 4 h`: short, and the same words in both languages. */
export function formatDuration(ms: number): string {
  if (ms < 1) return '0 s'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${formatNumber(Math.round(ms / 100) / 10)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const [days, hours, minutes, rest] = [
    Math.floor(seconds / 86_400),
    Math.floor((seconds % 86_400) / 3_600),
    Math.floor((seconds % 3_600) / 60),
    seconds % 60,
  ]
  if (days > 0) return hours > 0 ? `${formatNumber(days)} d ${hours} h` : `${formatNumber(days)} d`
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`
  return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`
}

/** `2 min ago`, `hace 2 min`; in days from the second on. */
export function formatAgo(ms: number): string {
  const relative = formatter(
    'relative',
    (language) => new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' }),
  )
  const seconds = Math.round(ms / 1_000)
  const sign = seconds < 0 ? 1 : -1
  const away = Math.abs(seconds)
  if (away < 60) return relative.format(sign * away, 'second')
  if (away < 3_600) return relative.format(sign * Math.round(away / 60), 'minute')
  if (away < 86_400) return relative.format(sign * Math.round(away / 3_600), 'hour')
  return relative.format(sign * Math.round(away / 86_400), 'day')
}

/** `YYYY-MM-DD HH:MM:SS` of a zone that is not told, as ms of a scale on which two such texts can be compared. */
export function wallMs(text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(text)
  if (found === null) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** Such a text as the language writes dates, with the server's own figures. */
export function formatWall(text: string): string {
  const ms = wallMs(text)
  if (ms === undefined) return text
  return formatter(
    'wall',
    (language) =>
      new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC', hour12: false }),
  ).format(ms)
}
