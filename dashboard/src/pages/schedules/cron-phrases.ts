/** How a language says when something happens. Each part fits behind the one before it: days, time, months. */
export interface Phrases {
  everySecond: string
  everySeconds(step: number): string
  atSeconds(seconds: string): string
  everyMinute: string
  everyMinutes(step: number): string
  everyHour: string
  everyHours(step: number): string
  atMinutes(minutes: string): string
  /** Minutes of the hours that are named beside it. */
  inHours(from: string, to: string): string
  duringHours(hours: string): string
  atTimes(times: string): string
  everyDay: string
  everyDays(step: number): string
  onDays(days: string): string
  lastDay: string
  onWeekdays(days: string): string
  weekdayRange(first: string, last: string): string
  either(days: string, weekdays: string): string
  inMonths(months: string): string
}

export const PHRASES: Readonly<Record<'en' | 'es', Phrases>> = {
  en: {
    everySecond: 'every second',
    everySeconds: (step) => `every ${step} seconds`,
    atSeconds: (seconds) => `at second ${seconds}`,
    everyMinute: 'every minute',
    everyMinutes: (step) => `every ${step} minutes`,
    everyHour: 'every hour',
    everyHours: (step) => `every ${step} hours`,
    atMinutes: (minutes) => `at minute ${minutes}`,
    inHours: (from, to) => `from ${from} to ${to}`,
    duringHours: (hours) => `during the hours ${hours}`,
    atTimes: (times) => `at ${times}`,
    everyDay: 'every day',
    everyDays: (step) => `every ${step} days of the month`,
    onDays: (days) => `on day ${days} of the month`,
    lastDay: 'on the last day of the month',
    onWeekdays: (days) => `on ${days}`,
    weekdayRange: (first, last) => `from ${first} to ${last}`,
    either: (days, weekdays) => `${days} or ${weekdays}`,
    inMonths: (months) => `in ${months}`,
  },
  es: {
    everySecond: 'cada segundo',
    everySeconds: (step) => `cada ${step} segundos`,
    atSeconds: (seconds) => `en el segundo ${seconds}`,
    everyMinute: 'cada minuto',
    everyMinutes: (step) => `cada ${step} minutos`,
    everyHour: 'cada hora',
    everyHours: (step) => `cada ${step} horas`,
    atMinutes: (minutes) => `en el minuto ${minutes}`,
    inHours: (from, to) => `de ${from} a ${to}`,
    duringHours: (hours) => `durante las horas ${hours}`,
    atTimes: (times) => `a las ${times}`,
    everyDay: 'todos los días',
    everyDays: (step) => `cada ${step} días del mes`,
    onDays: (days) => `el día ${days} de cada mes`,
    lastDay: 'el último día de cada mes',
    onWeekdays: (days) => `los ${days}`,
    weekdayRange: (first, last) => `de ${first} a ${last}`,
    either: (days, weekdays) => `${days} o ${weekdays}`,
    inMonths: (months) => `en ${months}`,
  },
}
