import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import { createQueue } from '../../src/client/queue.ts'
import { surfacedFields } from '../../src/core/surface.ts'
import { newJob, newJobs } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'
import { LEASE } from '../support/worker.ts'
import { fetchCase } from './jobs.ts'

const UNKNOWN = '019b76da-a800-7000-8000-000000000001'

eachStore('admin', (open) => {
  test('status counts each queue and names those that no live worker serves', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await given.store.push([...newJobs(3), newJob({ delayMs: 60_000 }), newJob({ queue: 'cases' })])
    const worker = await given.worker()
    await worker.reserve({ limit: 1 })
    given.clock.advance(5_000)
    await admin.pause('default', 'database upgrade')

    const status = await admin.status()

    expect(status).toMatchObject({ due: 3, delayed: 1, reserved: 1, failed: 0, workers: 1, unserved: ['cases'] })
    expect(status.queues).toEqual([
      { queue: 'cases', due: 1, delayed: 0, reserved: 0, pausedAt: null, pauseReason: null, workers: 0 },
      {
        queue: 'default',
        due: 2,
        delayed: 1,
        reserved: 1,
        pausedAt: expect.any(Number),
        pauseReason: 'database upgrade',
        workers: 1,
      },
    ])
    // The paused queue's jobs are older, but nobody is late with them.
    expect(status.oldestDue).toMatchObject({ queue: 'cases', ageMs: expect.any(Number) })
  })

  test('lists show what a payload says, whoever wrote it', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface: surfacedFields('order_id|orderId') })
    await given.job({ input: { orderId: 803193 } })
    given.raw.insertJob({ payload: '{"displayName":"App\\\\Jobs\\\\Sync","job":"Illuminate@call","data":{}}' })
    given.raw.insertJob({ payload: 'not json' })

    const { rows } = await admin.jobs({}, { order: 'oldest' })

    expect(rows.map(({ displayName, corrupt, surfaced }) => ({ displayName, corrupt, surfaced }))).toEqual([
      { displayName: 'cases.fetch', corrupt: false, surfaced: { order_id: 803193 } },
      { displayName: 'App\\Jobs\\Sync', corrupt: false, surfaced: {} },
      { displayName: '(corrupt payload)', corrupt: true, surfaced: {} },
    ])
  })

  test('pages follow one another without a gap', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await given.store.push(newJobs(7))

    const first = await admin.jobs({ queue: 'default' }, { limit: 4 })
    const second = await admin.jobs({ queue: 'default' }, { limit: 4, cursor: first.next! })

    expect([...first.rows, ...second.rows]).toHaveLength(7)
    expect(second.next).toBeNull()
  })

  test.each<[string, (admin: ReturnType<typeof createAdmin>) => Promise<unknown>, string]>([
    ['a limit', (admin) => admin.jobs({}, { limit: 0 }), 'limit is 0'],
    ['a status', (admin) => admin.jobs({ status: 'waiting' as never }), 'status is "waiting"'],
    ['an unknown filter', (admin) => admin.failed({ nmae: 'x' } as never), 'filter is "nmae"'],
    ['an instant', (admin) => admin.failed({ failedBefore: Number.NaN }), 'failedBefore is null'],
    ['a ref', (admin) => admin.show('job-1'), 'id is "job-1"'],
    ['a queue', (admin) => admin.pause(''), 'queue is ""'],
    ['a command', (admin) => admin.command('all', 'kill' as never), 'command is kill'],
  ])('an argument that is not allowed is named: %s', async (_, call, text) => {
    await using given = await open()
    const calling = async () => call(createAdmin(given))
    await expect(calling()).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: expect.stringContaining(text) })
  })

  test('show brings a job with its history, by id, by id as text, or by uuid', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const { uuid, id } = await given.job()

    expect((await admin.show(id!)).job?.uuid).toBe(uuid)
    expect((await admin.show(`${id}`)).job?.uuid).toBe(uuid)
    expect(await admin.show(uuid)).toMatchObject({ job: { id }, failed: null, runs: [] })
    await expect(admin.show(UNKNOWN)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('why tells a job that is held up for several reasons all of them', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await given.store.push(newJobs(3))
    const last = await given.job({ priority: 5 })
    await admin.pause('default', 'upgrade')

    const { state, reasons } = await admin.why(last.uuid)

    expect(state).toBe('due')
    expect(reasons.map(({ code }) => code)).toEqual(['paused', 'unserved', 'behind'])
    expect(reasons[0]?.text).toContain('(upgrade)')
    expect(reasons[2]?.text).toBe('3 due jobs of queue default come before it.')
  })

  test('why knows that no worker of the queue has a handler for the job, unless one does not tell', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const { uuid } = await given.job()
    const codes = async () => (await admin.why(uuid)).reasons.map(({ code }) => code)
    await given.worker({ names: ['mail.send'] })
    await given.worker({ queues: ['other'], names: ['cases.fetch'] })

    expect((await admin.why(uuid)).reasons).toEqual([
      {
        code: 'unhandled',
        text: 'No live worker of queue default has a handler for cases.fetch. Start one with its handler, or restart them with the code that has it.',
      },
    ])
    const knowing = await given.worker({ names: ['mail.send', 'cases.fetch'] })
    expect(await codes()).toEqual(['next'])
    await given.store.deregister(knowing.id)
    expect(await codes()).toEqual(['unhandled'])
    await given.worker()
    expect(await codes()).toEqual(['next'])
  })

  test('why knows that workers are busy, or take other queues first', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const worker = await given.worker({ queues: ['urgent', 'default'], concurrency: 1 })
    await given.store.push([newJob({ queue: 'urgent' }), newJob({ queue: 'urgent' })])
    const [held] = await worker.reserve({ queues: ['urgent'], limit: 1 })
    await worker.beat([held!])
    const { uuid } = await given.job()

    const { reasons } = await admin.why(uuid)

    expect(reasons.map(({ code }) => code)).toEqual(['busy', 'otherQueues'])
    expect(reasons[1]?.text).toBe('Its workers take other queues first: urgent (1 due).')
  })

  test('why follows a job through its states', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const code = async (ref: string | number) => (await admin.why(ref)).reasons.map((reason) => reason.code)
    const worker = await given.worker()
    const { uuid, id } = await given.job({ delayMs: 60_000 })

    expect(await code(uuid)).toEqual(['delayed'])
    given.clock.advance(61_000)
    await worker.beat()
    const revived = await given.worker()
    expect(await code(uuid)).toEqual(['next'])
    const job = await revived.reserveOne()
    expect(await code(id!)).toEqual(['reserved'])
    await revived.fail(job)
    expect(await code(uuid)).toEqual(['failed'])
    expect(await code(UNKNOWN)).toEqual(['unknown'])
  })

  test('why names a worker that is gone, a corrupt row and a job of another runtime', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const { uuid } = await given.job()
    const dying = await given.worker()
    await dying.reserve()
    given.clock.advance(LEASE + 1_000)
    await given.worker()
    const corrupt = given.raw.insertJob({ payload: 'not json' })
    const foreign = given.raw.insertJob({ payload: newJob({ name: null }).payload })

    expect((await admin.why(uuid)).reasons).toMatchObject([{ code: 'workerGone' }])
    expect((await admin.why(corrupt)).reasons).toMatchObject([{ code: 'corrupt' }])
    expect((await admin.why(foreign)).reasons[0]).toMatchObject({ code: 'foreign' })
  })

  test('a command reaches live workers, and says when there is none of that id', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const worker = await given.worker()
    await given.worker()

    expect(await admin.restart()).toBe(2)
    expect(await admin.command(worker.id, 'quiet')).toBe(1)
    expect((await worker.beat()).command).toBe('quiet')
    await expect(admin.command(4_711, 'quiet')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a schedule runs at once on demand, paused or not, and keeps its next run', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, jobs: [fetchCase] })
    const queue = createQueue(given)
    const { nextAt } = await queue.schedule('hourly', { job: fetchCase, input: { caseId: 1 }, every: '1h' })

    const first = await admin.runSchedule('hourly')
    await admin.pauseSchedule('hourly')
    const second = await admin.runSchedule('hourly')

    const [schedule] = await admin.schedules()
    expect(schedule).toMatchObject({ nextAt, lastUuid: first.uuid, pausedAt: expect.any(Number) })
    for (const { uuid } of [first, second]) {
      expect((await admin.show(uuid)).job).toMatchObject({ queue: 'cases', input: { caseId: 1 }, maxAttempts: 5 })
    }
    await admin.resumeSchedule('hourly')
    await admin.removeSchedule('hourly')
    await expect(admin.runSchedule('hourly')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(admin.pauseSchedule('hourly')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a schedule of a job that is not known here cannot be run by hand', async () => {
    await using given = await open()
    await createQueue(given).schedule('hourly', { job: fetchCase, input: { caseId: 1 }, every: '1h' })

    await expect(createAdmin(given).runSchedule('hourly')).rejects.toMatchObject({ code: 'UNKNOWN_JOB' })
  })

  test('doctor names what keeps jobs from running, problems first', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const dying = await given.worker()
    await given.job()
    await dying.reserve()
    await createQueue(given).schedule('minutely', { job: fetchCase, input: { caseId: 1 }, every: '1m' })
    given.clock.advance(600_000)
    await given.job({ queue: 'orders' })
    await given.job({ queue: 'halted' })
    await admin.pause('halted')
    given.raw.insertJob({ payload: 'not json', queue: 'orders' })

    const findings = await admin.doctor()

    const topics = findings.filter(({ level }) => level !== 'ok').map(({ topic }) => topic)
    expect(topics).toEqual(expect.arrayContaining(['workers', 'reserved', 'schedules', 'paused', 'corrupt rows']))
    expect(findings.every(({ level, remedy }) => level === 'ok' || remedy !== undefined)).toBe(true)
    const levels = findings.map(({ level }) => ['problem', 'warning', 'ok'].indexOf(level))
    expect(levels).toEqual(levels.toSorted())
  })
})
