import { expect, test } from 'vitest'
import { newJob, newJobs } from '../support/jobs.ts'
import { ended } from '../support/worker.ts'
import { eachApi, type GivenApi, token } from './support.ts'

/**
 * The backoffice's own document, example by example: what it was promised of the eight routes. Times are those of its
 * examples; where it shows `"data": {…}` the very keys are compared, and further ones must not take their places.
 */
const CLASS = 'App\\Jobs\\NetsuiteSyncJob'

eachApi('the eight routes', (open) => {
  test('GET /status counts by queue and names the oldest job that is due', async () => {
    await using api = await open()
    const created = Math.floor(api.clock.now() / 1_000) - 120
    for (let at = 0; at < 3; at++) netsuiteJob(api, { created_at: created, available_at: created })
    netsuiteJob(api, { created_at: created, available_at: created - 500, reserved_at: created, attempts: 1 })
    for (let at = 0; at < 5; at++) failedJob(api, 803190 + at)

    const answer = await api.get('status')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.json()).toEqual({
      success: true,
      data: {
        pending_jobs: [{ queue: 'netsuite', count: 3 }],
        reserved_jobs: [{ queue: 'netsuite', count: 1 }],
        failed_jobs_count: 5,
        oldest_pending_age_seconds: 120,
        oldest_pending_job: { queue: 'netsuite', created_at: created, available_at: created },
        timestamp: wall(api.clock.now()),
        delayed_jobs: [],
      },
    })
  })

  test('GET /status of an empty queue has empty lists and null for the oldest', async () => {
    await using api = await open()
    expect((await api.get('status')).json().data).toMatchObject({
      pending_jobs: [],
      reserved_jobs: [],
      failed_jobs_count: 0,
      oldest_pending_age_seconds: null,
      oldest_pending_job: null,
    })
  })

  test('neither a delayed job nor one of a paused queue is the oldest pending one; a delayed one is pending', async () => {
    await using api = await open()
    const now = Math.floor(api.clock.now() / 1_000)
    netsuiteJob(api, { queue: 'later', created_at: now - 900, available_at: now + 600 })
    netsuiteJob(api, { queue: 'halted', created_at: now - 800, available_at: now - 800 })
    await api.store.pause('halted', 'maintenance')

    const { data } = (await api.get('status')).json()
    expect(data.oldest_pending_job).toBeNull()
    expect(data.pending_jobs).toEqual([
      { queue: 'halted', count: 1 },
      { queue: 'later', count: 1 },
    ])
    expect(data.delayed_jobs).toEqual([{ queue: 'later', count: 1 }])
  })

  test('GET /jobs shows each job with its surfaced fields, in the keys of the document', async () => {
    await using api = await open()
    const now = Math.floor(api.clock.now() / 1_000)
    const id = netsuiteJob(api, { created_at: now - 245, available_at: now - 245 })

    const answer = (await api.get('jobs?queue=netsuite&status=pending')).json()
    expect(Object.keys(answer)).toEqual(['success', 'data'])
    expect(Object.keys(answer.data).slice(0, 3)).toEqual(['jobs', 'count', 'filters'])
    expect(answer.data.count).toBe(1)
    expect(answer.data.filters).toEqual({ queue: 'netsuite', status: 'pending', limit: 50 })
    const [job] = answer.data.jobs
    const time = wall((now - 245) * 1_000)
    expect(Object.entries(job).slice(0, 11)).toEqual([
      ['id', id],
      ['queue', 'netsuite'],
      ['attempts', 0],
      ['max_attempts', 3],
      ['job_class', CLASS],
      ['order_id', 803196],
      ['tienda_id', 12097],
      ['created_at_human', time],
      ['available_at_human', time],
      ['reserved_at_human', null],
      ['age_seconds', 245],
    ])
  })

  test('GET /jobs gives pending, reserved or all jobs, newest id first, and says what it understood', async () => {
    await using api = await open()
    const now = Math.floor(api.clock.now() / 1_000)
    const pending = netsuiteJob(api)
    const reserved = netsuiteJob(api, { reserved_at: now - 10, attempts: 1 })
    const other = netsuiteJob(api, { queue: 'mails' })
    const ids = async (query: string) =>
      (await api.get(`jobs${query}`)).json().data.jobs.map(({ id }: { id: number }) => id)

    expect(await ids('')).toEqual([other, reserved, pending])
    expect(await ids('?status=all')).toEqual([other, reserved, pending])
    expect(await ids('?status=reserved')).toEqual([reserved])
    expect(await ids('?status=pending')).toEqual([other, pending])
    expect(await ids('?queue=netsuite')).toEqual([reserved, pending])
    expect(await ids('?limit=1')).toEqual([other])
    const { data } = (await api.get('jobs?limit=100')).json()
    expect(data.filters).toEqual({ queue: null, status: 'all', limit: 100 })
    const [row] = (await api.get('jobs?status=reserved')).json().data.jobs
    expect(row.reserved_at_human).toBe(wall((now - 10) * 1_000))
  })

  test('lists take a limit above 200 as 200 and say so; what is no limit and no status is refused', async () => {
    await using api = await open()
    await api.store.push(newJobs(201))
    for (let at = 0; at < 201; at++) failedJob(api, at)

    const { jobs, count, filters } = (await api.get('jobs?limit=500')).json().data
    expect([jobs.length, count, filters.limit]).toEqual([200, 200, 200])
    expect((await api.get('failed?limit=99999999999999999999')).json().data.count).toBe(200)
    expect((await api.get('failed')).json().data.count).toBe(50)
    for (const query of ['jobs?limit=0', 'jobs?limit=-1', 'jobs?limit=1.5', 'failed?limit=x', 'jobs?status=failed']) {
      expect((await api.get(query)).json(), query).toMatchObject({ status: 400, code: 'BAD_ARGUMENT' })
    }
  })

  test('a refusal is application/problem+json where that is asked for, with the members of RFC 9457', async () => {
    await using api = await open()
    const answer = await api.as('admin')('DELETE', 'jobs/7', { headers: { accept: 'application/problem+json' } })
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.json()).toMatchObject({
      ...{ type: 'urn:faena:problem:job-not-found', title: expect.any(String), status: 404 },
      ...{ detail: expect.any(String), instance: '/api/v1/queue/jobs/7', message: 'Job 7 not found' },
    })
  })

  test('GET /failed shows the headline, cut, with dots where the exception says more', async () => {
    await using api = await open()
    const id = failedJob(api, 803193)
    const { success, data } = (await api.get('failed')).json()
    expect(success).toBe(true)
    expect(Object.keys(data).slice(0, 2)).toEqual(['failed_jobs', 'count'])
    expect(data.count).toBe(1)
    expect(Object.entries(data.failed_jobs[0]).slice(0, 7)).toEqual([
      ['id', id],
      ['queue', 'netsuite'],
      ['job_class', CLASS],
      ['order_id', 803193],
      ['tienda_id', 12097],
      ['exception_short', 'NetSuite sync failed: exception - MySQL server has gone away...'],
      ['failed_at', '2025-11-07 17:45:59'],
    ])
  })

  test('POST /retry/{id} moves the job back with attempts 0 and its uuid; a second one is told that it is not there', async () => {
    await using api = await open()
    const id = failedJob(api, 803193)
    const [failed] = api.raw.failedRows()
    const answer = await api.post(`retry/${id}`)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      success: true,
      message: `Job ${id} moved back to queue for retry`,
      data: { queue: 'netsuite', failed_at: '2025-11-07 17:45:59' },
    })
    expect(api.raw.failedRows()).toEqual([])
    const [job, ...more] = api.raw.jobRows()
    expect(more).toEqual([])
    expect(job).toMatchObject({ queue: 'netsuite', attempts: 0, reserved_at: null })
    expect(JSON.parse(job!.payload).uuid).toBe(failed!.uuid)

    const again = await api.post(`retry/${id}`)
    expect(again.statusCode).toBe(404)
    expect(again.json()).toMatchObject({
      success: false,
      message: `Failed job ${id} not found`,
      code: 'FAILED_JOB_NOT_FOUND',
      status: 404,
      instance: `/api/v1/queue/retry/${id}`,
    })
  })

  test('of several retries of one job at once, one wins', async () => {
    await using api = await open()
    const id = failedJob(api, 803193)
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.post(`retry/${id}`)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 404, 404, 404, 404])
    expect(api.raw.jobRows()).toHaveLength(1)
  })

  test('a job whose unique key a live job holds is not retried: 409, and bulk retries leave it', async () => {
    await using api = await open()
    const unique = { key: 'orders.sync:7' }
    const wish = { queue: 'orders', input: { order_id: 7 }, unique }
    const failed = newJob(wish)
    const id = api.raw.insertFailed({ uuid: failed.uuid, queue: 'orders', payload: failed.payload })
    await api.job(wish)
    const answer = await api.post(`retry/${id}`)
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ success: false, code: 'UNIQUE_KEY_TAKEN' })
    expect((await api.post('retry-all-failed')).json().data).toEqual({ retried_count: 0, skipped_count: 1 })
    expect(api.raw.failedRows()).toHaveLength(1)
  })

  test('POST /retry-all-failed moves all of them, however many', async () => {
    await using api = await open()
    for (let at = 0; at < 5; at++) failedJob(api, 803190 + at)
    const answer = await api.post('retry-all-failed')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ success: true, message: 'Retried 5 failed jobs', data: { retried_count: 5 } })
    expect(api.raw.failedRows()).toEqual([])
    expect(api.raw.jobRows()).toHaveLength(5)
    expect((await api.post('retry-all-failed')).json().message).toBe('Retried 0 failed jobs')
  })

  test('bulk actions take a selection in the body, and refuse one in the address, where it would have no effect', async () => {
    await using api = await open()
    const kept = failedJob(api, 1, { exception: 'PDOException: Deadlock found' })
    failedJob(api, 2)
    failedJob(api, 3, { queue: 'mails' })
    const retried = await api.post('retry-all-failed', { queue: 'netsuite', error: 'GONE AWAY' })
    expect(retried.json().data.retried_count).toBe(1)
    const cleared = await api.post('clear-failed', { queue: 'mails' })
    expect(cleared.json()).toEqual({ success: true, message: 'Cleared 1 failed jobs', data: { deleted_count: 1 } })
    expect((await api.post('clear-failed?queue=other')).statusCode).toBe(400)
    expect((await api.post('clear-failed', { queu: 'other' })).json()).toMatchObject({
      code: 'BAD_ARGUMENT',
      errors: [{ path: 'queu', message: 'is not known here' }],
    })
    expect(api.raw.failedRows().map(({ id }) => id)).toEqual([kept])
    expect((await api.post('clear-failed', { ids: [kept] })).json().data).toEqual({ deleted_count: 1 })
  })

  test('failed_before takes only what failed earlier', async () => {
    await using api = await open()
    failedJob(api, 1, { failed_at: '2025-11-06 10:00:00' })
    failedJob(api, 2, { failed_at: '2025-11-07 10:00:00' })
    const answer = await api.post('clear-failed', { failed_before: '2025-11-07 00:00:00' })
    expect(answer.json().data).toEqual({ deleted_count: 1 })
    expect(api.raw.failedRows().map(({ failed_at }) => failed_at)).toEqual(['2025-11-07 10:00:00'])
  })

  test('a text, a surfaced field and a beginning narrow bulk actions as they narrow lists', async () => {
    await using api = await open()
    failedJob(api, 1, { failed_at: '2025-11-06 10:00:00' })
    failedJob(api, 2, { failed_at: '2025-11-07 10:00:00' })
    const refused = await api.post('clear-failed', { fields: { order: '1' } })
    expect(refused.statusCode).toBe(400)
    expect(refused.json().errors).toMatchObject([{ path: 'fields.order' }])
    const late = { failed_after: '2025-11-07 00:00:00', fields: { order_id: '1' } }
    expect((await api.post('clear-failed', late)).json().data).toEqual({ deleted_count: 0 })
    expect((await api.post('clear-failed', { fields: { order_id: '1' } })).json().data).toEqual({ deleted_count: 1 })
    expect((await api.post('retry-all-failed', { q: 'not in it' })).json().data).toMatchObject({ retried_count: 0 })
    expect((await api.post('retry-all-failed', { q: 'netsuite' })).json().data).toMatchObject({ retried_count: 1 })
  })

  test('lists begin with the newest row, or with the oldest where that is asked', async () => {
    await using api = await open()
    for (let at = 1; at <= 3; at++) netsuiteJob(api, { queue: at === 2 ? 'mails' : 'netsuite' })
    for (let at = 1; at <= 3; at++) failedJob(api, at)
    const ids = async (path: string) => {
      const { data } = (await api.get(path)).json()
      return (data.jobs ?? data.failed_jobs).map(({ id }: { id: number }) => id)
    }
    const newest = await ids('jobs')
    expect(await ids('jobs?order=oldest')).toEqual(newest.toReversed())
    expect(await ids('jobs?order=oldest&queue=netsuite')).toEqual([newest[2], newest[0]])
    expect(await ids('failed?order=oldest')).toEqual((await ids('failed')).toReversed())
    expect((await api.get('jobs?order=up')).statusCode).toBe(400)
  })

  test('DELETE /jobs/{id} takes a pending or reserved job away', async () => {
    await using api = await open()
    const now = Math.floor(api.clock.now() / 1_000)
    const id = netsuiteJob(api, { attempts: 2, reserved_at: now - 400 })
    const answer = await api.delete(`jobs/${id}`)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      success: true,
      message: `Job ${id} deleted`,
      data: { queue: 'netsuite', attempts: 2 },
    })
    expect(api.raw.jobRows()).toEqual([])
    const again = await api.delete(`jobs/${id}`)
    expect(again.statusCode).toBe(404)
    expect(again.json()).toMatchObject({ success: false, message: `Job ${id} not found`, code: 'JOB_NOT_FOUND' })
  })

  test('a worker is told by its next heartbeat that a job it runs was deleted, and its outcome counts for nothing', async () => {
    await using api = await open()
    await api.job()
    const worker = await api.worker()
    const [job] = await worker.reserve()
    await api.delete(`jobs/${job!.id}`)
    expect((await worker.beat([job!])).gone).toEqual([job!.id])
    expect((await worker.settle([ended(job!, { kind: 'completed' })])).lost).toEqual([job!.id])
  })

  test('DELETE /failed/{id} deletes a failed job for good', async () => {
    await using api = await open()
    const id = failedJob(api, 803193)
    const answer = await api.delete(`failed/${id}`)
    expect(answer.json()).toEqual({
      success: true,
      message: `Failed job ${id} deleted permanently`,
      data: { queue: 'netsuite', failed_at: '2025-11-07 17:45:59' },
    })
    expect(api.raw.failedRows()).toEqual([])
    expect(api.raw.jobRows()).toEqual([])
    expect((await api.delete(`failed/${id}`)).json().message).toBe(`Failed job ${id} not found`)
  })

  test('POST /clear-failed deletes all of them', async () => {
    await using api = await open()
    for (let at = 0; at < 5; at++) failedJob(api, at)
    const answer = await api.post('clear-failed')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ success: true, message: 'Cleared 5 failed jobs', data: { deleted_count: 5 } })
    expect(api.raw.failedRows()).toEqual([])
  })

  test('a path id is a whole number however large, or a uuid: of no row 404, of neither form 400', async () => {
    await using api = await open()
    for (const id of ['9007199254740993', '18446744073709551615', crypto.randomUUID()]) {
      expect((await api.post(`retry/${id}`)).json()).toMatchObject({
        status: 404,
        message: `Failed job ${id} not found`,
      })
      expect((await api.delete(`jobs/${id}`)).json()).toMatchObject({ status: 404, message: `Job ${id} not found` })
    }
    for (const id of ['0', '-1', '1.5', '1e3', 'x'])
      expect((await api.delete(`jobs/${id}`)).json()).toMatchObject({ status: 400, code: 'BAD_ARGUMENT' })
  })

  test('a job is found by its uuid as by its row id', async () => {
    await using api = await open()
    failedJob(api, 803193)
    const uuid = api.raw.failedRows()[0]!.uuid
    expect((await api.post(`retry/${uuid}`)).json().message).toBe(`Job ${uuid} moved back to queue for retry`)
    expect((await api.delete(`jobs/${uuid}`)).json().message).toBe(`Job ${uuid} deleted`)
  })

  test('times are those of FAENA_TIMEZONE, and failed_at is the text of the table', async () => {
    await using api = await open({ timezone: 'America/Lima' })
    const created = Date.UTC(2025, 10, 7, 22, 42, 56) / 1_000
    netsuiteJob(api, { created_at: created, available_at: created })
    failedJob(api, 1)
    const [job] = (await api.get('jobs')).json().data.jobs
    expect(job.created_at_human).toBe('2025-11-07 17:42:56')
    expect((await api.get('failed')).json().data.failed_jobs[0].failed_at).toBe('2025-11-07 17:45:59')
  })

  test('tokens of the backoffice that carry only sub and exp act with FAENA_DEFAULT_ROLE', async () => {
    await using api = await open({ auth: { defaultRole: 'admin' } })
    failedJob(api, 1)
    const authorization = `Bearer ${token({ sub: 'backoffice' })}`
    const answer = await api.as(null)('POST', 'clear-failed', { headers: { authorization } })
    expect(answer.json()).toEqual({ success: true, message: 'Cleared 1 failed jobs', data: { deleted_count: 1 } })
  })
})

function wall(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function netsuitePayload(order: number, uuid: string): string {
  const data = { order_id: order, tienda_id: 12097 }
  return JSON.stringify({ uuid, displayName: CLASS, job: 'App\\Jobs\\NetsuiteSyncJob@handle', maxTries: 3, data })
}

function netsuiteJob(api: GivenApi, row: Partial<Parameters<GivenApi['raw']['insertJob']>[0]> = {}): number {
  const payload = netsuitePayload(803196, crypto.randomUUID())
  return api.raw.insertJob({ queue: 'netsuite', payload, ...row })
}

function failedJob(
  api: GivenApi,
  order: number,
  row: Partial<Parameters<GivenApi['raw']['insertFailed']>[0]> = {},
): number {
  const uuid = crypto.randomUUID()
  return api.raw.insertFailed({
    uuid,
    queue: 'netsuite',
    payload: netsuitePayload(order, uuid),
    exception: 'NetSuite sync failed: exception - MySQL server has gone away\nStack trace:\n#0 {main}',
    failed_at: '2025-11-07 17:45:59',
    ...row,
  })
}
