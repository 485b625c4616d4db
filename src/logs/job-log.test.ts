import { expect, test } from 'vitest'
import { Events } from '../core/events.ts'
import { masker } from '../core/mask.ts'
import { surfacedFields } from '../core/surface.ts'
import type { JobEvent, WorkerEvents } from '../worker/events.ts'
import { logJobs } from './job-log.ts'
import { loggerTo } from './logger.ts'

const JOB: JobEvent = {
  worker: 4,
  id: 123,
  uuid: '01890000-0000-7000-8000-000000000001',
  name: 'orders.sync',
  displayName: 'orders.sync',
  queue: 'netsuite',
  attempts: 2,
  data: { orderId: 803196, tienda_id: 12097, apiToken: 'very private', note: 'not asked for' },
  ms: 812.4512,
}

function logged(level: 'debug' | 'info' | 'warn' | 'error' = 'info', surface = 'order_id|orderId,tienda_id') {
  const lines: string[] = []
  const events = new Events<WorkerEvents>()
  const masks = masker()
  const logger = loggerTo([{ write: (line) => lines.push(line) }], level, { worker: 'default' }, masks)
  logJobs(events, logger, { fields: surfacedFields(surface), masker: masks })
  return { events, lines, parsed: () => lines.map((line) => JSON.parse(line)) }
}

test('a line names job, queue, attempt, ms and the surfaced fields, and nothing else of the input', () => {
  const { events, parsed, lines } = logged()
  events.emit('completed', { ...JOB, result: 'secret result' })
  const { time, pid, ...line } = parsed()[0]
  expect(Date.now() - Date.parse(time)).toBeLessThan(5_000)
  expect(pid).toBe(process.pid)
  expect(line).toEqual({
    ...{ level: 'info', worker: 'default', event: 'completed', job: 'orders.sync', queue: 'netsuite' },
    ...{ id: 123, uuid: JOB.uuid, attempt: 2, ms: 812.45, fields: { order_id: 803196, tienda_id: 12097 } },
    msg: 'completed',
  })
  expect(lines[0]).not.toMatch(/private|not asked for|secret result/)
})

test("what the handler logs, how an attempt failed and how it ended stand in one job's story", () => {
  const { events, parsed } = logged('debug')
  events.emit('started', JOB)
  events.emit('logged', { ...JOB, line: 'asked NetSuite' })
  events.emit('retrying', { ...JOB, error: new Error('MySQL server has gone away'), delayMs: 5_000 })
  events.emit('failed', { ...JOB, error: new Error('MySQL server has gone away') })
  expect(parsed().map(({ level, event }) => `${level} ${event}`)).toEqual([
    ...['debug started', 'info logged', 'warn retrying', 'error failed'],
  ])
  expect(parsed().every(({ fields }) => fields.order_id === 803196)).toBe(true)
  expect(parsed()[1].msg).toBe('asked NetSuite')
  expect(parsed()[2]).toMatchObject({ again_ms: 5_000, error: { type: 'Error' } })
  expect(parsed()[3].error.text).toContain('MySQL server has gone away')
})

test('secrets are masked in surfaced fields, in what handlers log and in errors', () => {
  const { events, lines } = logged('info', 'apiToken')
  events.emit('logged', { ...JOB, line: 'password=hunter22 sent' })
  events.emit('failed', { ...JOB, error: new Error('postgres://app:hunter22@db/app refused') })
  expect(lines.join('')).not.toMatch(/very private|hunter22/)
  expect(JSON.parse(lines[0]!).fields).toEqual({ apiToken: '***' })
})

test('what a level leaves out is not even listened for', () => {
  const { events, lines } = logged('error')
  expect(['started', 'logged', 'completed', 'retrying'].map((name) => events.heard(name as 'started'))).toEqual([
    ...[false, false, false, false],
  ])
  events.emit('failed', { ...JOB, error: 'no Error at all' })
  expect(lines.length).toBe(1)
})
