import { expect, test } from 'vitest'
import { type ProcessRow, processLines, uptime } from './rows.ts'

const row = (more: Partial<ProcessRow>): ProcessRow => ({
  name: 'arconte-worker:arconte-worker_00',
  pool: 'arconte-worker',
  queues: ['default'],
  state: 'RUNNING',
  pid: 12345,
  worker: 1,
  startedAt: 0,
  uptimeMs: 10_999,
  description: null,
  ...more,
})

test('lines are those that supervisorctl prints', () => {
  expect(processLines([row({}), row({ name: 'arconte-worker:arconte-worker_01', pid: 12346 })])).toEqual([
    'arconte-worker:arconte-worker_00  RUNNING   pid 12345, uptime 0:00:10',
    'arconte-worker:arconte-worker_01  RUNNING   pid 12346, uptime 0:00:10',
  ])
  const others = [row({ name: 'a:a_00', state: 'STARTING' }), row({ state: 'STOPPED', description: 'Not started' })]
  expect(processLines(others)).toEqual([
    'a:a_00                            STARTING',
    'arconte-worker:arconte-worker_00  STOPPED   Not started',
  ])
})

test('an uptime is hours, minutes and seconds, with days before them', () => {
  expect([0, 59_999, 3_600_000, 86_399_000, 90_061_000, 200_000_000].map(uptime)).toEqual([
    '0:00:00',
    '0:00:59',
    '1:00:00',
    '23:59:59',
    '1 day, 1:01:01',
    '2 days, 7:33:20',
  ])
})
