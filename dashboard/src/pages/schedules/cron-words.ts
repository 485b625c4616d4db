import { type Field, type Fields, readFields } from './cron-fields.ts'
import { PHRASES, type Phrases } from './cron-phrases.ts'

type Language = keyof typeof PHRASES

/** So many times of day are named one by one. */
const MOST_TIMES = 6

/** `30 8 * * 1-5`: "from Monday to Friday at 08:30"; undefined for an expression that is not understood. */
export function cronWords(cron: string, language: Language): string | undefined {
  const fields = readFields(cron)
  if (fields === undefined) return undefined
  const phrases = PHRASES[language]
  const time = timeWords(fields, phrases, language)
  const days = dayWords(fields, phrases, language)
  const named = isNamedTimes(fields)
  const parts = [days ?? (named ? phrases.everyDay : undefined), time].filter((part) => part !== undefined)
  // Times run through the day: "every 5 minutes from Monday to Friday"; moments belong to it: "every day at 08:30".
  const text = (named ? parts : parts.reverse()).join(' ')
  const months = fields.months.every
    ? ''
    : `, ${phrases.inMonths(list(fields.months.values.map(monthName(language)), language))}`
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${months}`
}

function isNamedTimes({ seconds, minutes, hours }: Fields): boolean {
  if (seconds.every || seconds.step !== undefined || minutes.starred || hours.starred) return false
  return seconds.values.length * minutes.values.length * hours.values.length <= MOST_TIMES
}

function timeWords(fields: Fields, phrases: Phrases, language: Language): string {
  const { seconds, minutes, hours } = fields
  if (isNamedTimes(fields)) return phrases.atTimes(list(timesOf(fields), language))
  const parts = [minuteWords(fields, phrases, language), hourWords(fields, phrases, language)]
  if (seconds.every) parts.unshift(phrases.everySecond)
  else if (seconds.step !== undefined) parts.unshift(phrases.everySeconds(seconds.step))
  else if (seconds.values.length > 1 || seconds.values[0] !== 0) {
    parts.push(phrases.atSeconds(list(seconds.values.map(String), language)))
  }
  const running = seconds.every || seconds.step !== undefined
  // "every 10 seconds", and no more: the minutes and hours it runs through need not be said.
  if (running && minutes.every && hours.every) return parts[0]!
  return parts
    .filter((part) => part !== undefined && part !== '')
    .join(', ')
    .replace(/, (from|during|de|durante) /, ' $1 ')
}

function timesOf({ seconds, minutes, hours }: Fields): string[] {
  const two = (value: number) => String(value).padStart(2, '0')
  const withSeconds = seconds.values.some((second) => second !== 0)
  return hours.values.flatMap((hour) =>
    minutes.values.flatMap((minute) =>
      seconds.values.map((second) => `${two(hour)}:${two(minute)}${withSeconds ? `:${two(second)}` : ''}`),
    ),
  )
}

function minuteWords({ seconds, minutes, hours }: Fields, phrases: Phrases, language: Language): string | undefined {
  if (minutes.every) return seconds.every || seconds.step !== undefined ? undefined : phrases.everyMinute
  if (minutes.step !== undefined) return phrases.everyMinutes(minutes.step)
  const onTheHour = minutes.values.length === 1 && minutes.values[0] === 0
  const every = hours.every ? phrases.everyHour : hours.step !== undefined ? phrases.everyHours(hours.step) : undefined
  const at =
    onTheHour && every !== undefined ? undefined : phrases.atMinutes(list(minutes.values.map(String), language))
  return [every, at].filter((part) => part !== undefined).join(', ')
}

function hourWords({ minutes, hours }: Fields, phrases: Phrases, language: Language): string | undefined {
  if (hours.every) return undefined
  const throughTheHour = minutes.every || minutes.step !== undefined
  if (hours.step !== undefined && !throughTheHour) return undefined
  const two = (hour: number) => String(hour).padStart(2, '0')
  const [first, last] = [hours.values[0]!, hours.values.at(-1)!]
  if (last - first === hours.values.length - 1) return phrases.inHours(`${two(first)}:00`, `${two(last)}:59`)
  return phrases.duringHours(list(hours.values.map(two), language))
}

/** Undefined where every day is meant. */
function dayWords({ days, weekdays }: Fields, phrases: Phrases, language: Language): string | undefined {
  const ofMonth = days.every ? undefined : monthDays(days, phrases, language)
  const ofWeek = weekdays.every || weekdays.values.length === 7 ? undefined : weekDays(weekdays, phrases, language)
  if (ofMonth === undefined || ofWeek === undefined) return ofMonth ?? ofWeek
  // A day that fits one of the two is enough, unless one of them began with a star.
  return days.starred || weekdays.starred ? `${ofMonth}, ${ofWeek}` : phrases.either(ofMonth, ofWeek)
}

function monthDays(days: Field, phrases: Phrases, language: Language): string {
  if (days.step !== undefined) return phrases.everyDays(days.step)
  const named = days.values.length === 0 ? undefined : phrases.onDays(list(days.values.map(String), language))
  if (!days.lastDay) return named ?? ''
  return named === undefined ? phrases.lastDay : phrases.either(named, phrases.lastDay)
}

function weekDays({ values }: Field, phrases: Phrases, language: Language): string {
  const name = weekdayName(language)
  const [first, last] = [values[0]!, values.at(-1)!]
  if (values.length > 2 && last - first === values.length - 1) return phrases.weekdayRange(name(first), name(last))
  // A week ends with its Sunday.
  const inOrder = [...values.filter((day) => day !== 0), ...values.filter((day) => day === 0)]
  return phrases.onWeekdays(
    list(
      inOrder.map((day) => plural(name(day), language)),
      language,
    ),
  )
}

/** "los lunes", "los sábados": those that end with s have no other form. */
function plural(day: string, language: Language): string {
  return language === 'es' && !day.endsWith('s') ? `${day}s` : day
}

function weekdayName(language: Language): (day: number) => string {
  const format = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' })
  // 4 January 1970 was a Sunday.
  return (day) => format.format(Date.UTC(1970, 0, 4 + day))
}

function monthName(language: Language): (month: number) => string {
  const format = new Intl.DateTimeFormat(language, { month: 'long', timeZone: 'UTC' })
  return (month) => format.format(Date.UTC(1970, month - 1, 1))
}

function list(parts: readonly string[], language: Language): string {
  return new Intl.ListFormat(language).format(parts)
}
