import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import { surfacedFields } from '../../src/core/surface.ts'
import { failure, newJob, newJobs } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended } from '../support/worker.ts'

const surface = surfacedFields('order_id|orderId,tienda_id|tiendaId')
const ana = { subject: 'ana' }

/** As Laravel writes it: the fields inside the command are private, and it speaks of no tries. */
function laravelPayload(uuid: string, orderId: number): string {
  const name = 'App\\Jobs\\NetsuiteSyncJob'
  const mangled = `\0${name}\0orderId`
  const command = `O:24:"${name}":2:{s:${mangled.length}:"${mangled}";i:${orderId};s:8:"tiendaId";s:5:"12097";}`
  const data = { commandName: name, command }
  return JSON.stringify({ uuid, displayName: name, job: 'Illuminate\\Queue\\CallQueuedHandler@call', data })
}

async function failed(
  given: Given,
  count: number,
  text: string,
  input: (at: number) => unknown = () => ({}),
): Promise<void> {
  await given.store.push(newJobs(count, (at) => ({ input: input(at), queue: 'netsuite' })))
  const worker = await given.worker({ queues: ['netsuite'] })
  const jobs = await worker.reserve({ limit: count, queues: ['netsuite'] })
  await worker.settle(jobs.map((job) => ended(job, { kind: 'failed', failure: failure(job, text) })))
}

async function pieces(stream: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece
  return text
}

function laravelFailed(given: Given, orderId: number): { id: number; uuid: string } {
  const { uuid } = newJob()
  const id = given.raw.insertFailed({
    uuid,
    queue: 'netsuite',
    payload: laravelPayload(uuid, orderId),
    exception:
      'PDOException: MySQL server has gone away in /app/Db.php:9\nStack trace:\n#0 {main}\n\n' +
      'Next RuntimeException: NetSuite sync failed in /app/Sync.php:12\nStack trace:\n#0 {main}',
    failed_at: '2025-11-07 17:45:59',
  })
  return { id, uuid }
}

eachStore('backoffice', (open) => {
  test('a job is shown under the keys of the API, with its surfaced fields and human times of the zone', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface, timezone: 'America/Bogota' })
    const { uuid } = newJob()
    const second = Math.floor(given.clock.now() / 1_000)
    given.raw.insertJob({ queue: 'netsuite', payload: laravelPayload(uuid, 803196), created_at: second - 245 })

    const { rows, next, partial } = await admin.jobRows({ queue: 'netsuite', status: 'pending' })

    expect({ next, partial }).toEqual({ next: null, partial: false })
    expect(rows).toEqual([
      {
        id: 1,
        queue: 'netsuite',
        attempts: 0,
        max_attempts: 3,
        job_class: 'App\\Jobs\\NetsuiteSyncJob',
        order_id: 803196,
        tienda_id: '12097',
        created_at_human: '2026-01-05 06:55:55',
        available_at_human: '2026-01-05 07:00:00',
        reserved_at_human: null,
        age_seconds: 245,
        ...{ uuid, name: null, status: 'due', priority: 0, tags: [] },
      },
    ])
    expect(Object.keys(rows[0]!).slice(0, 11)).toEqual(
      'id queue attempts max_attempts job_class order_id tienda_id created_at_human available_at_human reserved_at_human age_seconds'.split(
        ' ',
      ),
    )
  })

  test('a failed job is shown with the headline of what was thrown last, cut at 100 characters', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    const { id, uuid } = laravelFailed(given, 803193)
    given.raw.insertFailed({ uuid: newJob().uuid, payload: '{"job":"x"}', exception: `${'ñ'.repeat(150)}\n#0` })
    given.raw.insertFailed({ uuid: newJob().uuid, payload: 'not json', exception: 'Error: short' })

    const { rows } = await admin.failedRows()

    expect(rows.map(({ exception_short }) => exception_short)).toEqual([
      'Error: short',
      `${'ñ'.repeat(100)}...`,
      'RuntimeException: NetSuite sync failed in /app/Sync.php:12...',
    ])
    expect(rows[2]).toMatchObject({
      ...{ id, uuid, queue: 'netsuite', job_class: 'App\\Jobs\\NetsuiteSyncJob' },
      ...{ order_id: 803193, tienda_id: '12097', failed_at: '2025-11-07 17:45:59' },
    })
    expect(rows[1]).toMatchObject({ job_class: 'x', order_id: null, tienda_id: null })
  })

  test('a retry answers the queue and time of what it brought back; of two at once one wins', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    const { id, uuid } = laravelFailed(given, 803193)

    const both = await Promise.allSettled([admin.retryOne(id), createAdmin(given).retryOne(uuid)])

    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find(({ status }) => status === 'fulfilled')).toMatchObject({
      value: { id, uuid, queue: 'netsuite', failedAt: '2025-11-07 17:45:59' },
    })
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'NOT_FOUND', message: expect.stringMatching(/^Failed job .* not found$/) },
    })
    expect((await admin.jobRows()).rows).toMatchObject([{ uuid, attempts: 0, order_id: 803193 }])
  })

  test('a retry is refused while another job holds its unique key, and the job stays failed', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const unique = { key: 'cases.fetch:case:1' }
    await given.job({ unique })
    const worker = await given.worker()
    const job = await worker.reserveOne()
    await worker.settle([{ ...ended(job, { kind: 'failed', failure: failure(job) }), unique: true }])
    const holder = await given.job({ unique })
    const [row] = (await admin.failedRows()).rows

    await expect(admin.retryOne(row!.id)).rejects.toMatchObject({ code: 'UNIQUE_KEY_TAKEN' })
    expect((await admin.runOperation('retry', {}, ana)).skipped).toBe(1)
    await admin.removeOne(holder.uuid)

    expect(await admin.retryOne(row!.id)).toMatchObject({ uuid: row!.uuid })
  })

  test('deleting answers what was there, and a second time that it is not', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const pushed = await given.job({ queue: 'netsuite' })
    const { id } = laravelFailed(given, 1)
    const worker = await given.worker({ queues: ['netsuite'] })
    await worker.reserve({ limit: 1, queues: ['netsuite'] })

    expect(await admin.removeOne(pushed.id!)).toEqual({
      id: pushed.id,
      uuid: pushed.uuid,
      queue: 'netsuite',
      attempts: 1,
    })
    expect(await admin.forgetOne(id)).toMatchObject({ id, queue: 'netsuite', failedAt: '2025-11-07 17:45:59' })

    await expect(admin.removeOne(pushed.id!)).rejects.toMatchObject({ message: `Job ${pushed.id} not found` })
    await expect(admin.forgetOne(id)).rejects.toMatchObject({ message: `Failed job ${id} not found` })
  })

  test('the board counts as of now, and shows at once what was changed', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await given.store.push([...newJobs(3), newJob({ delayMs: 60_000 }), newJob({ queue: 'netsuite' })])
    const { id } = laravelFailed(given, 1)

    expect(await admin.board()).toMatchObject({
      at: given.clock.now(),
      failed: 1,
      queues: [
        { queue: 'default', due: 3, delayed: 1, reserved: 0 },
        { queue: 'netsuite', due: 1, delayed: 0, reserved: 0 },
      ],
      oldestDue: { queue: 'default' },
    })
    await admin.retryOne(id)

    expect(await admin.board()).toMatchObject({ failed: 0, queues: [{}, { queue: 'netsuite', due: 2 }] })
  })

  test('bulk actions are narrowed by queue, class, error, ids and time', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    await failed(given, 4, 'MySQL server has gone away')
    await failed(given, 3, 'no such address')
    const { id } = laravelFailed(given, 5)
    const { rows } = await admin.failedRows({ error: 'gone away', jobClass: 'cases.fetch' })
    const fingerprint = rows[0]!.fingerprint!

    expect(await admin.runOperation('retry', { error: fingerprint }, ana)).toMatchObject({ changed: 4, ended: true })
    expect(await admin.runOperation('forget', { jobClass: 'App\\Jobs\\NetsuiteSyncJob' }, ana)).toMatchObject({
      changed: 1,
    })
    await expect(admin.failedDetail(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const [one] = (await admin.failedRows()).rows
    expect(await admin.runOperation('forget', { ids: [one!.id, 9_999] }, ana)).toMatchObject({ changed: 1 })
    expect(await admin.runOperation('forget', { queue: 'other' }, ana)).toMatchObject({ changed: 0 })
    expect(await admin.runOperation('forget', { to: given.clock.now() - 60_000 }, ana)).toMatchObject({ changed: 0 })
    const misspelt = { jobclass: 'x' } as never
    await expect(admin.runOperation('forget', misspelt, ana)).rejects.toThrow(
      'narrowing is "jobclass"; allowed: ids, queue, jobClass',
    )
    const two = { fields: { order_id: '1', tienda_id: '2' } }
    await expect(admin.runOperation('forget', two, ana)).rejects.toThrow('allowed: one field')
    expect(await admin.runOperation('forget', {}, ana)).toMatchObject({ changed: 2 })
  })

  test('failed jobs are found by class, surfaced field, error, text and time, whoever wrote them', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    await failed(given, 5, 'MySQL server has gone away', (at) => ({ orderId: at === 0 ? '803193' : 100 + at }))
    const { id } = laravelFailed(given, 803193)
    const ids = async (search: Parameters<typeof admin.failedRows>[0]) =>
      (await admin.failedRows(search)).rows.map((row) => row.id)

    // What this worker wrote has no label with surfaced fields: its writer was not told of any.
    await given.store.label(
      (await given.store.listFailed({ name: 'cases.fetch' }, { limit: 10 })).rows.map((row) => ({
        ...{ id: row.id, uuid: row.uuid, name: row.name, fingerprint: row.fingerprint!, headline: row.headline! },
        surfaced: JSON.stringify({
          order_id: (JSON.parse(row.payload) as { data: { orderId: unknown } }).data.orderId,
        }),
      })),
    )
    // A list waits a moment for labels, no longer.
    await expect.poll(() => ids({ fields: { order_id: '803193' } })).toEqual([id, 1])
    expect(await ids({ fields: { order_id: '803193' }, jobClass: 'cases.fetch' })).toEqual([1])
    expect(await ids({ fields: { order_id: '80319' } })).toEqual([])
    expect(await ids({ jobClass: 'App\\Jobs\\NetsuiteSyncJob' })).toEqual([id])
    expect(await ids({ error: 'GONE away', queue: 'netsuite' })).toEqual([id, 5, 4, 3, 2, 1])
    expect(await ids({ q: 'tiendaId' })).toEqual([id])
    expect(await ids({ ids: [id, 1, 2], fields: { order_id: '803193' } })).toEqual([id, 1])
    expect(await ids({ ids: [id, 1, 2], jobClass: 'cases.fetch' })).toEqual([2, 1])
    expect(await ids({ to: Date.UTC(2025, 10, 8) })).toEqual([id])
    expect(await ids({ from: Date.UTC(2025, 10, 8) })).toEqual([5, 4, 3, 2, 1])
    await expect(ids({ fields: { other: '1' } })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('jobs are found by class, surfaced field, text and time', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    await given.store.push([
      newJob({ input: { orderId: '803193' } }),
      newJob({ input: { orderId: 1803193 }, queue: 'low' }),
      newJob({ input: { note: 'about 803193' } }),
    ])
    const last = given.raw.insertJob({ payload: laravelPayload(newJob().uuid, 803193), created_at: 1_700_000_000 })
    const ids = async (search: Parameters<typeof admin.jobRows>[0]) =>
      (await admin.jobRows(search)).rows.map((row) => row.id)

    expect(await ids({ fields: { order_id: '803193' } })).toEqual([last, 1])
    expect(await ids({ fields: { order_id: '803193' }, jobClass: 'cases.fetch' })).toEqual([1])
    expect(await ids({ q: '803193', queue: 'default' })).toEqual([last, 3, 1])
    expect(await ids({ jobClass: 'App\\Jobs\\NetsuiteSyncJob' })).toEqual([last])
    expect(await ids({ to: 1_700_000_001_000 })).toEqual([last])
    expect(await ids({ status: 'reserved' })).toEqual([])
    expect(await ids({ status: 'all', ids: [2, 99] })).toEqual([2])
    expect(await ids({ ids: [1, 2], fields: { order_id: '803193' } })).toEqual([1])
  })

  test('pages of a search follow one another without a gap, also where its time is over at once', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface, searchBudgetMs: 0 })
    await given.store.push(newJobs(25, (at) => ({ input: { orderId: at % 2 } })))
    await failed(given, 25, 'x')
    const pages = async (list: (cursor?: string) => Promise<{ rows: { id: number }[]; next: string | null }>) => {
      const seen: number[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await list(cursor)
        expect(page.rows.length).toBeLessThanOrEqual(4)
        seen.push(...page.rows.map(({ id }) => id))
        if (page.next === null) return seen
        cursor = page.next
      }
    }

    const odd = await pages((cursor) => admin.jobRows({ fields: { order_id: '1' } }, { limit: 4, cursor }))
    expect(odd).toEqual([24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2])
    const all = await pages((cursor) => admin.failedRows({ jobClass: 'cases.fetch' }, { limit: 4, cursor }))
    expect(all).toEqual(Array.from({ length: 25 }, (_, at) => 25 - at))
    const queue = await pages((cursor) => admin.failedRows({ queue: 'netsuite' }, { limit: 4, cursor }))
    expect(queue).toEqual(all)

    const oldest = (cursor?: string) => ({ limit: 4, cursor, order: 'oldest' }) as const
    const everything = await pages((cursor) => admin.jobRows({}, oldest(cursor)))
    expect(everything).toEqual(Array.from({ length: 25 }, (_, at) => at + 1))
    const oddOldest = await pages((cursor) => admin.jobRows({ fields: { order_id: '1' } }, oldest(cursor)))
    expect(oddOldest).toEqual(odd.toReversed())
    const byClass = await pages((cursor) => admin.failedRows({ jobClass: 'cases.fetch' }, oldest(cursor)))
    expect(byClass).toEqual(all.toReversed())
    const byQueue = await pages((cursor) => admin.failedRows({ queue: 'netsuite' }, oldest(cursor)))
    expect(byQueue).toEqual(all.toReversed())
  })

  test('what a list shows, a bulk action of the same narrowing means: a text, a field, a time, a fingerprint', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    const first = laravelFailed(given, 803193)
    const other = given.raw.insertFailed({
      uuid: newJob().uuid,
      payload: laravelPayload(newJob().uuid, 803193),
      exception: 'LogicException: of another kind in /app/Other.php:1',
      failed_at: '2025-11-09 10:00:00',
    })
    laravelFailed(given, 803194)
    const fields = { order_id: '803193' }
    const shown = (await admin.failedRows({ fields })).rows
    expect(shown.map(({ id }) => id)).toEqual([other, first.id])
    const both = { fields, error: shown[1]!.fingerprint! }

    expect((await admin.failedRows(both)).rows.map(({ id }) => id)).toEqual([first.id])
    expect(await admin.runOperation('forget', { q: 'in no job' }, ana)).toMatchObject({ changed: 0 })
    expect(await admin.runOperation('forget', { fields, from: Date.UTC(2025, 10, 10) }, ana)).toMatchObject({
      changed: 0,
    })
    expect(await admin.runOperation('retry', both, ana)).toMatchObject({ changed: 1 })
    expect(await admin.runOperation('forget', { q: 'ANOTHER kind', from: Date.UTC(2025, 10, 8) }, ana)).toMatchObject({
      changed: 1,
    })
    expect((await admin.failedRows()).rows).toMatchObject([{ order_id: 803194 }])
  })

  test('details mask secrets at any depth, in a serialized command and in the exception, unless asked otherwise', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    const { uuid } = newJob()
    const command = 'O:1:"A":2:{s:8:"apiToken";s:3:"uvw";s:1:"n";a:1:{s:8:"password";s:3:"xyz";}}'
    const payload = JSON.stringify({
      uuid,
      job: 'Illuminate\\Queue\\CallQueuedHandler@call',
      data: { commandName: 'A', command },
    })
    const id = given.raw.insertFailed({
      uuid,
      payload,
      exception: 'Error: login with password=hunter2 failed\n#0 {main}',
    })
    const job = await given.job({ input: { nested: [{ token: 'uvw', caseId: 5 }] } })

    const masked = await admin.failedDetail(id)
    const open_ = await admin.failedDetail(id, { unmasked: true })

    expect(masked).toMatchObject({
      payload: { data: { commandName: 'A', command: { class: 'A', apiToken: '***', n: { password: '***' } } } },
      ...{ payload_kind: 'serialized', masked: true, exception: expect.stringContaining('password=***') },
    })
    expect(JSON.stringify(masked)).not.toMatch(/uvw|xyz|hunter2/)
    expect(open_).toMatchObject({ masked: false, payload: { data: { command: { apiToken: 'uvw' } } } })
    expect((await admin.failedRows()).rows[0]!.exception_short).not.toContain('hunter2')
    expect(await admin.jobDetail(job.id!)).toMatchObject({
      payload: { data: { nested: [{ token: '***', caseId: 5 }] } },
      payload_kind: 'json',
    })
  })

  test('what became of a job that is gone is told by the audit, or by where it is now', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const one = laravelFailed(given, 1)
    const two = laravelFailed(given, 2)
    const at = admin.clock.text(given.clock.now())
    await admin.forgetOne(one.id)
    await admin.record({
      ...{ subject: 'ana', role: 'operator', action: 'failed.delete', target: `failed:${one.id}`, outcome: 'done' },
      ...{ source: null, requestId: null, detail: null },
    })
    await admin.retryOne(two.id)

    expect(await admin.fate('failed', one.id)).toBe(`It was deleted at ${at} by ana.`)
    expect(await admin.fate('failed', two.uuid)).toMatch(
      /^It was retried: it is in the queue netsuite again, as job \d+\.$/,
    )
    expect(await admin.fate('failed', two.id)).toBe('It was retried or deleted, or never was.')
    expect(await admin.fate('job', 99_999)).toMatch(/^It was processed, failed /)
  })

  test('failed jobs are counted by error and over time', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 3, 'order 1 has no address')
    const now = given.clock.now()
    laravelFailed(given, 1)
    laravelFailed(given, 2)

    const groups = await admin.failedGroups()
    expect(groups.map(({ count, headline }) => ({ count, headline }))).toEqual([
      { count: 3, headline: 'Error: order 1 has no address' },
      { count: 2, headline: 'RuntimeException: NetSuite sync failed in /app/Sync.php:12' },
    ])
    expect(groups[1]).toMatchObject({ name: 'App\\Jobs\\NetsuiteSyncJob', firstAt: Date.UTC(2025, 10, 7, 17, 45, 59) })
    const hours = await admin.failedHistogram({ from: now - 3 * 3_600_000, to: now + 1_000 })
    expect(hours.map(({ count }) => count)).toEqual([0, 0, 0, 3])
    expect(hours[3]!.at % 3_600_000).toBe(0)
  })

  test('an export is masked, complete and no formula', async () => {
    await using given = await open()
    const admin = createAdmin({ store: given.store, surface })
    laravelFailed(given, 803193)
    for (let at = 0; at < 300; at++) {
      const { uuid } = newJob()
      given.raw.insertFailed({ uuid, payload: '{"job":"a","data":{"token":"abc"}}', exception: '=1+1, "x"\n#0' })
    }
    const text = async (format: 'csv' | 'jsonl') => pieces(admin.exportFailed({}, format))

    const lines = (await text('jsonl')).trimEnd().split('\n')
    expect(lines).toHaveLength(301)
    expect(JSON.parse(lines[0]!)).toMatchObject({
      job_class: 'a',
      payload: { data: { token: '***' } },
      exception: '=1+1, "x"\n#0',
    })
    const csv = (await text('csv')).split('\r\n')
    expect(csv[0]).toBe('id,uuid,queue,job_class,order_id,tienda_id,exception_short,failed_at')
    expect(csv[1]).toContain(`,a,,,"'=1+1, ""x""...",`)
    expect(csv.at(-2)).toContain(',netsuite,App\\Jobs\\NetsuiteSyncJob,803193,12097,')
  })

  test('metrics are summed into steps', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const minute = Date.UTC(2026, 0, 5, 12)
    const row = {
      queue: 'default',
      name: 'a',
      completed: 1,
      failed: 1,
      retried: 0,
      released: 0,
      cancelled: 0,
      waitMs: 5,
      runMs: 7,
      dispatched: 3,
      started: 2,
      waits: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      runs: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    }
    const twice = {
      ...{ completed: 2, failed: 2, waitMs: 10, runMs: 14, dispatched: 6, started: 4 },
      ...{ waits: [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], runs: [2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
    }
    await given.store.saveMetrics(
      1,
      [0, 1, 5].map((at) => ({ ...row, minute: minute + at * 60_000 })),
    )

    const points = await admin.series({ from: minute, to: minute + 600_000, stepMs: 300_000 })

    expect(points).toEqual([
      { at: minute, ...row, ...twice },
      { at: minute + 300_000, ...row },
    ])
    await expect(admin.series({ from: 5, to: 1 })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('a user logs in with his password, and a session and a token can be ended', async () => {
    await using given = await open()
    const { accounts } = createAdmin(given)
    await accounts.saveUser({ name: 'ana', password: 'a long password', role: 'operator' })

    expect(await accounts.login('ana', 'a long password')).toMatchObject({ name: 'ana', role: 'operator' })
    expect(await accounts.login('ana', 'another password')).toBeUndefined()
    expect(await accounts.login('nobody', 'a long password')).toBeUndefined()
    const { secret } = await accounts.openSession({ subject: 'ana', role: 'operator', forMs: 60_000 })
    expect(await accounts.session(secret)).toMatchObject({ subject: 'ana', role: 'operator' })
    expect(await accounts.session(`${secret}x`)).toBeUndefined()
    await accounts.saveUser({ name: 'ana', password: 'a newer password', role: 'viewer' })
    expect(await accounts.session(secret)).toBeUndefined()
    await accounts.revoke('jti-1', given.clock.now() + 60_000)
    expect(await accounts.isRevoked('jti-1')).toBe(true)
    expect(await accounts.isRevoked('jti-2')).toBe(false)
    await expect(accounts.saveUser({ name: 'x', password: 'short', role: 'viewer' })).rejects.toThrow(
      'password has 5 characters',
    )
  })
})
