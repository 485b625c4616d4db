import { type Static, Type } from 'typebox'
import type { Admin } from '../../client/admin.ts'
import { nextRun } from '../../core/cron.ts'
import { isoText, isoTextOrNull } from '../contract/operations.ts'
import { anything, nullable, queueWord, text, whole, words } from '../contract/shapes.ts'
import { route } from '../route.ts'

const scheduleSchema = Type.Object({
  key: text('What the schedule is called by', ['cases.nightly']),
  job: text('Name of the job it dispatches'),
  queue: queueWord,
  input: anything('The input of its jobs; secrets are masked'),
  cron: nullable(text('Cron expression, or null where it has an interval')),
  zone: nullable(text('Zone of the expression')),
  every_ms: nullable(whole('Interval, or null where it has an expression')),
  missed: words(['skip', 'once', 'all'], 'What becomes of runs that nobody was there for'),
  overlap: words(['allow', 'skip'], 'Whether a run begins while the one before is there'),
  origin: words(['config', 'api'], 'config: a start with another faena.config.ts changes it'),
  paused_at: nullable(text('ISO 8601')),
  next_at: nullable(text('ISO 8601')),
  next_runs: Type.Array(text('ISO 8601'), { description: 'The next five times it fires; none while it is paused' }),
  last_at: nullable(text('ISO 8601')),
  last_uuid: nullable(text('Of the job of its last run')),
})

export const listSchedules = route({
  method: 'GET',
  path: '/schedules',
  operation: 'listSchedules',
  role: 'viewer',
  group: 'Schedules',
  summary: 'What is dispatched again and again',
  data: Type.Object({ schedules: Type.Array(scheduleSchema), count: whole('Schedules in this answer', 0) }),
  example: {
    schedules: [
      {
        key: 'cases.nightly',
        job: 'cases.refresh',
        queue: 'default',
        input: { hours: 24 },
        cron: '0 3 * * *',
        zone: 'America/Lima',
        every_ms: null,
        missed: 'once' as const,
        overlap: 'allow' as const,
        origin: 'config' as const,
        paused_at: null,
        next_at: '2025-11-08T08:00:00.000Z',
        next_runs: ['2025-11-08T08:00:00.000Z', '2025-11-09T08:00:00.000Z'],
        last_at: '2025-11-07T08:00:00.000Z',
        last_uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
      },
    ],
    count: 1,
  },
  async carryOut({ services: { admin } }) {
    const schedules = (await admin.schedules()).map((schedule) => scheduleRow(schedule, admin))
    return { data: { schedules, count: schedules.length } }
  },
})

function scheduleRow(
  schedule: Awaited<ReturnType<Admin['schedules']>>[number],
  { masker }: Admin,
): Static<typeof scheduleSchema> {
  const { key, job, queue, timing, missed, overlap, origin } = schedule
  const byCron = 'cron' in timing ? timing : null
  return {
    ...{ key, job, queue, missed, overlap, origin },
    input: masker.value(JSON.parse(schedule.input)),
    cron: byCron?.cron ?? null,
    zone: byCron?.zone ?? null,
    every_ms: 'everyMs' in timing ? timing.everyMs : null,
    paused_at: isoTextOrNull(schedule.pausedAt),
    next_at: isoTextOrNull(schedule.nextAt),
    next_runs: nextRuns(schedule).map(isoText),
    last_at: isoTextOrNull(schedule.lastAt),
    last_uuid: schedule.lastUuid,
  }
}

const MOST_NEXT = 5

function nextRuns({ timing, nextAt, pausedAt }: Awaited<ReturnType<Admin['schedules']>>[number]): number[] {
  const runs: number[] = []
  for (let at = pausedAt === null ? nextAt : null; at !== null && runs.length < MOST_NEXT; at = nextRun(timing, at)) {
    runs.push(at)
  }
  return runs
}

const keyParams = Type.Object({
  key: Type.String({ minLength: 1, maxLength: 255, description: 'Key of a schedule', examples: ['cases.nightly'] }),
})
const keyData = Type.Object({ key: text('Key of the schedule') })

function action(verb: 'pause' | 'resume', summary: string, says: (key: string) => string) {
  return route({
    method: 'POST',
    path: `/schedules/{key}/${verb}`,
    operation: `${verb}Schedule`,
    role: 'operator',
    group: 'Schedules',
    summary,
    params: keyParams,
    data: keyData,
    example: { key: 'cases.nightly' },
    says: says('cases.nightly'),
    refusals: ['NOT_FOUND'],
    audited: { action: `schedule.${verb}`, target: ({ key }) => `schedule:${key}` },
    async carryOut({ params: { key }, services: { admin } }) {
      await (verb === 'pause' ? admin.pauseSchedule(key) : admin.resumeSchedule(key))
      return { data: { key }, message: says(key) }
    },
  })
}

export const pauseSchedule = action('pause', 'Let a schedule dispatch no more', (key) => `Schedule ${key} is paused`)
export const resumeSchedule = action('resume', "End a schedule's pause", (key) => `Schedule ${key} goes on`)

export const runSchedule = route({
  method: 'POST',
  path: '/schedules/{key}/run',
  operation: 'runSchedule',
  role: 'operator',
  group: 'Schedules',
  summary: "Dispatch a schedule's job now, besides its times",
  params: keyParams,
  data: Type.Object({ key: text('Key of the schedule'), uuid: text('Of the job') }),
  example: { key: 'cases.nightly', uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33' },
  says: 'Dispatched the job of schedule cases.nightly',
  refusals: ['NOT_FOUND', 'UNKNOWN_JOB'],
  audited: { action: 'schedule.run', target: ({ key }) => `schedule:${key}` },
  async carryOut({ params: { key }, services: { admin } }) {
    const { uuid } = await admin.runSchedule(key)
    admin.touched()
    return { data: { key, uuid }, message: `Dispatched the job of schedule ${key}`, audit: { uuid } }
  },
})
