import { expect, test } from 'vitest'
import { cronWords } from './cron-words.ts'

test.each([
  ['* * * * *', 'Every minute', 'Cada minuto'],
  ['*/5 * * * *', 'Every 5 minutes', 'Cada 5 minutos'],
  ['0 * * * *', 'Every hour', 'Cada hora'],
  ['15 * * * *', 'Every hour, at minute 15', 'Cada hora, en el minuto 15'],
  ['5,35 * * * *', 'Every hour, at minute 5 and 35', 'Cada hora, en el minuto 5 y 35'],
  ['0 */2 * * *', 'Every 2 hours', 'Cada 2 horas'],
  ['30 8 * * *', 'Every day at 08:30', 'Todos los días a las 08:30'],
  ['0 8,17 * * *', 'Every day at 08:00 and 17:00', 'Todos los días a las 08:00 y 17:00'],
  ['30 8 * * 1-5', 'From Monday to Friday at 08:30', 'De lunes a viernes a las 08:30'],
  ['0 9 * * MON,THU', 'On Monday and Thursday at 09:00', 'Los lunes y jueves a las 09:00'],
  ['0 9 * * SAT-SUN', 'On Saturday and Sunday at 09:00', 'Los sábados y domingos a las 09:00'],
  ['0 6 1 * *', 'On day 1 of the month at 06:00', 'El día 1 de cada mes a las 06:00'],
  ['0 6 1,15 * *', 'On day 1 and 15 of the month at 06:00', 'El día 1 y 15 de cada mes a las 06:00'],
  ['0 6 L * *', 'On the last day of the month at 06:00', 'El último día de cada mes a las 06:00'],
  ['0 6 1 * 1', 'On day 1 of the month or on Monday at 06:00', 'El día 1 de cada mes o los lunes a las 06:00'],
  [
    '*/10 9-17 * * 1-5',
    'Every 10 minutes from 09:00 to 17:59 from Monday to Friday',
    'Cada 10 minutos de 09:00 a 17:59 de lunes a viernes',
  ],
  ['0 0 1 1 *', 'On day 1 of the month at 00:00, in January', 'El día 1 de cada mes a las 00:00, en enero'],
  ['@daily', 'Every day at 00:00', 'Todos los días a las 00:00'],
  ['*/10 * * * * *', 'Every 10 seconds', 'Cada 10 segundos'],
  ['30 0 12 * * *', 'Every day at 12:00:30', 'Todos los días a las 12:00:30'],
])('%s is said in both languages', (cron, en, es) => {
  expect([cronWords(cron, 'en'), cronWords(cron, 'es')]).toEqual([en, es])
})

test.each(['', 'often', '* * *', '99 * * * *', '@sometimes'])('"%s" is not made up', (cron) => {
  expect(cronWords(cron, 'en')).toBeUndefined()
})
