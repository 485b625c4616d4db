import { notAllowed } from './errors.ts'

/** A cron expression, read: which values each field takes, sorted. What it means on a clock that changes is cron.ts's. */
export interface Expression {
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly months: readonly number[]
  readonly days: ReadonlySet<number>
  /** `L`: the last day of the month. */
  readonly lastDay: boolean
  /** 0 = Sunday. */
  readonly weekdays: ReadonlySet<number>
  /** Both day fields name days (neither begins with `*`): a day that fits one of them is enough, as in Vixie's cron. */
  readonly eitherDay: boolean
  /** The minute field begins with `*`: it runs through the hour rather than naming times. */
  readonly everyMinute: boolean
  /** Every hour of the day is among `hours`. */
  readonly everyHour: boolean
}

interface Field {
  label: string
  least: number
  most: number
  /** Where `*` ends, if not at `most`: Sunday is both 0 and 7, and must count once. */
  end?: number
  /** For the values from `least` on. */
  names?: readonly string[]
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const FIELDS: readonly Field[] = [
  { label: 'second', least: 0, most: 59 },
  { label: 'minute', least: 0, most: 59 },
  { label: 'hour', least: 0, most: 23 },
  { label: 'day of month', least: 1, most: 31 },
  { label: 'month', least: 1, most: 12, names: MONTHS },
  { label: 'day of week', least: 0, most: 7, end: 6, names: WEEKDAYS },
]

const NICKNAMES: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const LONGEST = 200
const DAY = 86_400_000
/** Longest wait of any day rule: 29 February on a given weekday, over a year 2100 that has none. */
const HORIZON = 45 * 366 * DAY

/**
 * Reads five fields (minute, hour, day of month, month, day of week) or six (seconds first), or a nickname such as
 * `@daily`. Throws BAD_SCHEDULE that names the field, what stood there and what is allowed.
 */
export function readExpression(cron: string): Expression {
  const text = typeof cron === 'string' ? cron.trim() : ''
  if (text === '' || text.length > LONGEST) throw bad('cron', cron, FORM)
  const written = text.startsWith('@') ? NICKNAMES[text.toLowerCase()] : text
  if (written === undefined) throw bad('cron', cron, Object.keys(NICKNAMES).join(', '))
  const parts = written.split(/\s+/)
  if (parts.length === 5) parts.unshift('0')
  if (parts.length !== 6) throw bad('cron', cron, FORM)
  const [seconds, minutes, hours, days, months, weekdays] = parts.map((part, at) => readField(part, FIELDS[at]!, text))
  const [, minutePart, , dayPart, , weekdayPart] = parts as [string, string, string, string, string, string]
  return {
    seconds: sorted(seconds!),
    minutes: sorted(minutes!),
    hours: sorted(hours!),
    months: sorted(months!),
    days: days!,
    lastDay: days!.has(LAST),
    weekdays: new Set([...weekdays!].map((day) => day % 7)),
    eitherDay: !dayPart.startsWith('*') && !weekdayPart.startsWith('*'),
    everyMinute: minutePart.startsWith('*'),
    everyHour: hours!.size === 24,
  }
}

/**
 * The first wall-clock time from `from` on that fits, both written as if the wall clock were UTC; null if none comes
 * within 45 years. Goes by months, days, then within the day, never minute by minute.
 */
export function nextWall(expression: Expression, from: number): number | null {
  const start = Math.ceil(from / 1_000) * 1_000
  let day = Math.floor(start / DAY) * DAY
  let second = (start - day) / 1_000
  for (const end = start + HORIZON; day <= end; second = 0) {
    const date = new Date(day)
    const month = date.getUTCMonth()
    if (!expression.months.includes(month + 1)) {
      day = Date.UTC(date.getUTCFullYear(), month + 1, 1)
      continue
    }
    const time = fitsDay(expression, date) ? nextTime(expression, second) : undefined
    if (time !== undefined) return day + time * 1_000
    day += DAY
  }
  return null
}

function fitsDay(expression: Expression, date: Date): boolean {
  const day = date.getUTCDate()
  const last = expression.lastDay && new Date(date.getTime() + DAY).getUTCDate() === 1
  const fits = last || expression.days.has(day)
  const fitsWeek = expression.weekdays.has(date.getUTCDay())
  return expression.eitherDay ? fits || fitsWeek : fits && fitsWeek
}

/** Seconds of the day, the first that fits from `from` on. */
function nextTime({ hours, minutes, seconds }: Expression, from: number): number | undefined {
  for (const hour of hours) {
    if (hour * 3_600 + 3_599 < from) continue
    for (const minute of minutes) {
      const start = hour * 3_600 + minute * 60
      if (start + 59 < from) continue
      const second = seconds.find((value) => start + value >= from)
      if (second !== undefined) return start + second
    }
  }
  return undefined
}

const FORM =
  'five fields (minute, hour, day of month, month, day of week) or six (seconds first), or @hourly, @daily, @weekly, @monthly, @yearly'
/** Stands for `L` among the days. */
const LAST = 0

function readField(text: string, field: Field, cron: string): Set<number> {
  const values = new Set<number>()
  for (const entry of text.split(',')) {
    if (field.most === 31 && entry.toUpperCase() === 'L') values.add(LAST)
    else for (const value of readEntry(entry, field, cron)) values.add(value)
  }
  return values
}

const ENTRY = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/

/** One of a field's entries: `*`, `5`, `MON`, `1-5`, and each with `/step`. A step after a single value runs to the field's end. */
function readEntry(entry: string, field: Field, cron: string): number[] {
  const refuse = (allowed: string) => bad(`${field.label} of cron ${JSON.stringify(cron)}`, entry, allowed)
  const found = ENTRY.exec(entry)
  if (!found) throw refuse(allowedIn(field))
  const [, star, first, last, stepText] = found
  const full = field.end ?? field.most
  const low = star ? field.least : readValue(first!, field)
  const end = last !== undefined ? readValue(last, field) : star || stepText !== undefined ? full : low
  if (low === undefined || end === undefined) throw refuse(allowedIn(field))
  // A week may be written up to its Sunday: SAT-SUN.
  const high = field.most === 7 && end === 0 && low > 0 ? 7 : end
  if (high < low) throw refuse(`a range that ascends; write ${first}-${full},${field.least}-${last} for one that wraps`)
  const step = stepText === undefined ? 1 : Number(stepText)
  const span = full - field.least + 1
  if (step < 1 || step > span) throw refuse(`a step from 1 to ${span}; a fixed interval can be longer`)
  const values: number[] = []
  for (let value = low; value <= high; value += step) values.push(value)
  return values
}

function readValue(text: string, field: Field): number | undefined {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1
  const value = named >= 0 ? named + field.least : /^\d{1,2}$/.test(text) ? Number(text) : undefined
  return value !== undefined && value >= field.least && value <= field.most ? value : undefined
}

function allowedIn({ least, most, names }: Field): string {
  const special = names ? `, ${names[0]} to ${names.at(-1)}` : most === 31 ? ', L for the last day' : ''
  return `${least} to ${most}${special}, *, and lists (1,2), ranges (1-5) and steps (*/2) of them`
}

function sorted(values: Set<number>): number[] {
  return [...values].sort((a, b) => a - b)
}

function bad(name: string, value: unknown, allowed: string): Error {
  return notAllowed('BAD_SCHEDULE', name, value, allowed)
}
