/** One field of a cron expression: which values it takes. */
export interface Field {
  /** `*`: says nothing. */
  every: boolean
  /** Of `*` with a step: `*\/5` is 5. */
  step: number | undefined
  /** In ascending order; for the weekday 0 = Sunday. */
  values: readonly number[]
  /** `L` stands among the days. */
  lastDay: boolean
  /** Written with a star: of both day fields only one that has none names days by itself. */
  starred: boolean
}

export interface Fields {
  seconds: Field
  minutes: Field
  hours: Field
  days: Field
  months: Field
  weekdays: Field
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** Reads what the server has checked already; undefined for what it does not know all the same. */
export function readFields(cron: string): Fields | undefined {
  const text = cron.trim()
  const written = text.startsWith('@') ? NICKNAMES[text.toLowerCase()] : text
  const parts = written?.split(/\s+/) ?? []
  if (parts.length === 5) parts.unshift('0')
  if (parts.length !== 6) return undefined
  const [seconds, minutes, hours, days, months, weekdays] = [
    readField(parts[0]!, 0, 59),
    readField(parts[1]!, 0, 59),
    readField(parts[2]!, 0, 23),
    readField(parts[3]!, 1, 31),
    readField(parts[4]!, 1, 12, MONTHS),
    readField(parts[5]!, 0, 7, WEEKDAYS),
  ]
  if (!seconds || !minutes || !hours || !days || !months || !weekdays) return undefined
  const sundays = [...new Set(weekdays.values.map((day) => day % 7))].sort((a, b) => a - b)
  return { seconds, minutes, hours, days, months, weekdays: { ...weekdays, values: sundays } }
}

const ENTRY = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/

function readField(text: string, least: number, most: number, names: readonly string[] = []): Field | undefined {
  const values = new Set<number>()
  let lastDay = false
  const numberOf = (word: string): number => {
    const named = names.indexOf(word.toUpperCase())
    return named >= 0 ? named + least : /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN
  }
  for (const entry of text.split(',')) {
    if (most === 31 && entry.toUpperCase() === 'L') {
      lastDay = true
      continue
    }
    const found = ENTRY.exec(entry)
    if (found === null) return undefined
    const [, star, first = '', last, step = '1'] = found
    const low = star ? least : numberOf(first)
    const open = star !== undefined || found[4] !== undefined
    const full = most === 7 ? 6 : most
    let high = last !== undefined ? numberOf(last) : open ? full : low
    if (most === 7 && high === 0 && low > 0) high = 7
    if (!(low >= least && high <= most && low <= high && Number(step) >= 1)) return undefined
    for (let value = low; value <= high; value += Number(step)) values.add(value)
  }
  const [, stepText] = /^\*\/(\d+)$/.exec(text) ?? []
  return {
    every: text === '*' || text === '*/1',
    step: stepText === undefined || stepText === '1' ? undefined : Number(stepText),
    values: [...values].sort((a, b) => a - b),
    lastDay,
    starred: text.startsWith('*'),
  }
}
