import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob } from './job.ts'
import { checkSchedule, type ScheduleDefinition } from './schedule.ts'

const job = defineJob({ name: 'reports.send', input: z.object({}), queue: 'reports' })
const check = (definition: Partial<ScheduleDefinition>) => checkSchedule({ job, ...definition }, 'America/Bogota')

describe('a schedule', () => {
  test('goes by its job: key, queue; makes up the latest missed run; and may overlap', () => {
    expect(check({ cron: '0 2 * * *' })).toEqual({
      key: 'reports.send',
      job,
      input: undefined,
      queue: 'reports',
      timing: { cron: '0 2 * * *', zone: 'America/Bogota' },
      missed: 'once',
      overlap: 'allow',
    })
  })

  test('may say all of that itself', () => {
    const own = { key: 'k', queue: 'q', every: '90s', missed: 'all', overlap: 'skip', input: { a: 1 } } as const
    expect(check(own)).toMatchObject({
      key: 'k',
      queue: 'q',
      timing: { everyMs: 90_000 },
      missed: 'all',
      overlap: 'skip',
    })
    expect(check({ cron: '@daily', zone: 'UTC' })).toMatchObject({ timing: { zone: 'UTC' } })
  })

  test.each([
    [{ job: undefined }, 'job of a schedule is undefined; allowed: a definition made by defineJob'],
    [{ key: '' }, 'key of a schedule is ""; allowed: 1 to 191 bytes'],
    [{ key: 'a\nb' }, 'key of a schedule is "a\\\\nb"'],
    [{ key: 'k' }, 'schedule k needs either cron or every, and not both'],
    [{ key: 'k', cron: '* * * * *', every: '5m' }, 'schedule k needs either cron or every, and not both'],
    [{ key: 'k', every: '5m', zone: 'UTC' }, 'schedule k has a zone, which means something to cron only'],
    [{ key: 'k', every: '10' }, 'every of schedule k is "10"; allowed: milliseconds'],
    [{ key: 'k', every: '10ms' }, 'interval of schedule k is 10; allowed: whole milliseconds from 1000'],
    [{ key: 'k', cron: '61 * * * *' }, 'schedule k: minute of cron "61 \\* \\* \\* \\*" is "61"; allowed: 0 to 59'],
    [{ key: 'k', cron: '* * * * *', zone: 'Bogota' }, 'schedule k: zone is "Bogota"; allowed: a zone of the IANA list'],
    [{ key: 'k', cron: '* * * * *', missed: 'some' }, 'missed of schedule k is "some"; allowed: skip, once, all'],
    [{ key: 'k', cron: '* * * * *', overlap: 'no' }, 'overlap of schedule k is "no"; allowed: allow, skip'],
    [{ key: 'k', cron: '* * * * *', queue: 'a,b' }, 'queue of schedule k is "a,b"'],
  ])('%j is refused', (definition, message) => {
    expect(() => check(definition as never)).toThrow(new RegExp(`^${message}`))
  })
})
