import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { FaenaError } from '../../src/core/errors.ts'
import { defineJob } from '../../src/core/job.ts'
import { faenaApi } from '../../src/http/index.ts'
import { newJob } from '../support/jobs.ts'
import { eachApi, type GivenApi, SECRET, token } from './support.ts'

/** What the contract promises beyond the eight routes, on every store. */
const syncOrder = defineJob({ name: 'orders.sync', input: z.object({ order_id: z.number() }), queue: 'orders' })

eachApi('beyond the eight', (open) => {
  test('lists are narrowed by surfaced fields, numbers and texts alike, and paged by cursor', async () => {
    await using api = await open()
    for (const order_id of [803193, '803193', 803196]) failed(api, { order_id })
    await api.job({ input: { order_id: 803193 } })
    await api.job({ input: { order_id: 5 } })
    // What somebody else wrote is looked at in the background; a list waits for that a moment, and no longer.
    const found = async () => (await api.get('failed?order_id=803193')).json().data.count
    await expect.poll(found, { timeout: 10_000 }).toBe(2)
    expect((await api.get('jobs?order_id=803193')).json().data.count).toBe(1)

    const first = (await api.get('failed?limit=2')).json().data
    const second = (await api.get(`failed?limit=2&cursor=${first.next_cursor}`)).json().data
    const ids = [...first.failed_jobs, ...second.failed_jobs].map(({ id }) => id)
    expect(ids).toEqual(
      api.raw
        .failedRows()
        .map(({ id }) => id)
        .reverse(),
    )
    expect(second).toMatchObject({ next_cursor: null, partial: false })
    expect((await api.get('failed?cursor=made-up')).statusCode).toBe(400)
  })

  test('a number of a payload that is beyond 2^53 is shown with all its digits', async () => {
    await using api = await open()
    const payload = newJob({ input: 'here' }).payload.replace('"here"', '{"order_id":9007199254740993}')
    const id = api.raw.insertJob({ payload })
    expect((await api.get(`jobs/${id}`)).body).toContain('{"order_id":9007199254740993}')
  })

  test('failed jobs are grouped by what they have in common, and one group is retried', async () => {
    await using api = await open()
    for (let at = 0; at < 3; at++) failed(api, { order_id: at }, `PDOException: Deadlock found for order ${at}`)
    failed(api, { order_id: 9 }, 'TypeError: x is not a function')
    // What somebody else wrote is looked at in the background, from the first question on.
    const found = async () => (await api.get('failed/groups')).json().data.groups
    await expect.poll(found, { timeout: 10_000 }).toMatchObject([{ count: 3 }, { count: 1 }])
    const groups = await found()
    const answer = await api.post('retry-all-failed', { error: groups[0].fingerprint })
    expect(answer.json().data.retried_count).toBe(3)
    expect((await api.get(`failed?error=${groups[1].fingerprint}`)).json().data.count).toBe(1)
  })

  test('failed jobs are exported as JSON lines and as CSV that no spreadsheet takes for formulas', async () => {
    await using api = await open()
    failed(api, { order_id: 1, password: 'hunter2' }, '=cmd|calc: it failed')
    const lines = await api.get('failed/export')
    expect(lines.headers['content-disposition']).toBe('attachment; filename="failed-jobs.jsonl"')
    expect(
      lines.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).order_id),
    ).toEqual([1])
    expect(lines.body).not.toContain('hunter2')
    const csv = await api.get('failed/export?format=csv')
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.body).toContain("'=cmd|calc")
  })

  test('a job is dispatched by name, its input checked', async () => {
    await using api = await open({ jobs: [syncOrder] })
    const answer = await api.post('jobs', {
      name: 'orders.sync',
      input: { order_id: 7 },
      delay_seconds: 60,
      priority: -5,
    })
    expect(answer.json()).toMatchObject({
      success: true,
      message: 'Dispatched orders.sync',
      data: { outcome: 'dispatched' },
    })
    expect(api.raw.jobRows()[0]).toMatchObject({ queue: 'orders', priority: -5 })

    const wrong = await api.post('jobs', { name: 'orders.sync', input: { order_id: 'seven' } })
    expect(wrong.json()).toMatchObject({ code: 'INVALID_INPUT', status: 422, errors: [{ path: 'order_id' }] })
    expect((await api.post('jobs', { name: 'orders.other' })).json()).toMatchObject({
      code: 'UNKNOWN_JOB',
      status: 404,
    })
    expect((await api.as('viewer')('POST', 'jobs', { payload: { name: 'orders.sync' } })).statusCode).toBe(403)
  })

  test('a pending job is altered and made due; a running one is not', async () => {
    await using api = await open()
    const { id } = await api.job({ delayMs: 3_600_000 })
    expect((await api.get(`jobs/${id}/why`)).json().data).toMatchObject({ state: 'delayed' })
    const patched = await api.as('operator')('PATCH', `jobs/${id}`, { payload: { priority: 3 } })
    expect(patched.json()).toMatchObject({ success: true, message: `Job ${id} changed`, data: { changed: 1 } })
    expect((await api.post(`jobs/${id}/run-now`)).json().data).toEqual({ changed: 1 })
    expect((await api.get(`jobs/${id}`)).json().data).toMatchObject({ priority: 3, status: 'due' })

    const worker = await api.worker()
    await worker.reserve()
    expect((await api.post(`jobs/${id}/run-now`)).json()).toMatchObject({ code: 'CONFLICT', status: 409 })
    expect((await api.post('jobs/999999/run-now')).json()).toMatchObject({
      code: 'JOB_NOT_FOUND',
      message: 'Job 999999 not found',
    })
  })

  test('a queue is paused with a reason, resumed, and cleared when it is named twice', async () => {
    await using api = await open()
    await api.job({ queue: 'mails/out' })
    const at = encodeURIComponent('mails/out')
    await api.post(`queues/${at}/pause`, { reason: 'provider is down' })
    const [queue] = (await api.get('queues')).json().data.queues
    expect(queue).toMatchObject({ queue: 'mails/out', due: 1, pause_reason: 'provider is down' })
    expect((await api.get('status')).json().data.oldest_pending_job).toBeNull()
    await api.post(`queues/${at}/resume`)
    expect((await api.get('queues')).json().data.queues[0].paused_at).toBeNull()

    expect((await api.post(`queues/${at}/clear`, { queue: 'mails' })).statusCode).toBe(400)
    expect((await api.post(`queues/${at}/clear`)).statusCode).toBe(400)
    expect((await api.post(`queues/${at}/clear`, { queue: 'mails/out' })).json().data).toEqual({ deleted_count: 1 })
  })

  test('workers are listed and told to be quiet or to restart', async () => {
    await using api = await open()
    const worker = await api.worker({ name: 'first' })
    const { workers } = (await api.get('workers')).json().data
    expect(workers).toMatchObject([{ id: worker.id, name: 'first', state: 'running' }])
    expect((await api.post(`workers/${worker.id}/quiet`)).json().data).toEqual({ workers: 1 })
    expect((await worker.beat()).command).toBe('quiet')
    expect((await api.post('workers/restart')).json().message).toBe('Told 1 workers to restart')
    expect((await worker.beat()).command).toBe('restart')
    expect((await api.post('workers/999999/quiet')).statusCode).toBe(404)
  })

  test('a bulk action as an operation answers 202, is followed to its end, and retries nothing twice', async () => {
    await using api = await open()
    for (let at = 0; at < 30; at++) failed(api, { order_id: at })
    const begun = await api.as('operator')('POST', 'retry-all-failed', { headers: { prefer: 'respond-async' } })
    expect(begun.statusCode).toBe(202)
    const { location } = begun.headers as { location: string }
    expect(location).toMatch(/^\/api\/v1\/queue\/operations\/\d+$/)
    let operation = (await api.get(location)).json().data
    while (operation.state !== 'done') operation = (await api.get(location)).json().data
    expect(operation).toMatchObject({ kind: 'retry', changed: 30, skipped: 0, subject: 'the operator' })
    expect(api.raw.jobRows()).toHaveLength(30)
    expect((await api.delete(location)).json()).toMatchObject({ code: 'CONFLICT' })
    expect((await api.get('operations')).json().data.count).toBe(1)
  })

  test('an Idempotency-Key has a POST carried out once and its answer given again', async () => {
    await using api = await open({ jobs: [syncOrder] })
    const post = (key: string, order_id: number) =>
      api.as('operator')('POST', 'jobs', {
        payload: { name: 'orders.sync', input: { order_id } },
        headers: { 'idempotency-key': key },
      })
    const first = await post('one', 1)
    const again = await post('one', 1)
    expect(again.json()).toEqual(first.json())
    expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true'])
    expect((await post('one', 2)).json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', status: 422 })
    expect(api.raw.jobRows()).toHaveLength(1)

    const refused = await post('two', 'no number' as never)
    expect(refused.statusCode).toBe(422)
    expect((await post('two', 3)).statusCode).toBe(200)
  })

  test('of many requests with one Idempotency-Key at once, one is carried out', async () => {
    await using api = await open({ jobs: [syncOrder] })
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        api.as('operator')('POST', 'jobs', {
          payload: { name: 'orders.sync', input: { order_id: 1 } },
          headers: { 'idempotency-key': 'at-once' },
        }),
      ),
    )
    for (const { statusCode, body } of answers) expect([200, 409], body).toContain(statusCode)
    expect(api.raw.jobRows()).toHaveLength(1)
  })

  test('a server that stalled under an Idempotency-Key changes nothing once another has it', async () => {
    await using api = await open()
    const { accounts } = api.admin
    const first = await accounts.takeKey('k', 'hash')
    expect(await accounts.takeKey('k', 'hash')).toEqual({ request: 'hash', answer: null })
    api.clock.advance(60_000)
    const second = await accounts.takeKey('k', 'hash')
    if ('request' in first || 'request' in second) throw new Error('a key was not given that is free')

    await first.hold()
    await first.keep(null)
    await first.keep('late')

    expect(await accounts.takeKey('k', 'hash')).toEqual({ request: 'hash', answer: null })
    await second.keep('done')
    expect(await accounts.takeKey('k', 'hash')).toEqual({ request: 'hash', answer: 'done' })
  })

  test('a user logs in, acts with his session on pages of this site alone, and logs out', async () => {
    await using api = await open()
    await api.admin.accounts.saveUser({ name: 'maria', password: 'a long password', role: 'operator' })
    const login = await api.as(null)('POST', 'login', { payload: { name: 'maria', password: 'a long password' } })
    expect(login.json()).toMatchObject({ success: true, data: { subject: 'maria', role: 'operator', via: 'session' } })
    const set = String(login.headers['set-cookie'])
    expect(set).toMatch(/^faena_session=[\w-]{40,}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    const cookie = set.split(';')[0]!
    const asUser = (method: 'GET' | 'POST', path: string, headers: Record<string, string> = {}) =>
      api.as(null)(method, path, { headers: { cookie, ...headers } })

    expect((await asUser('GET', 'me')).json().data.subject).toBe('maria')
    for (const headers of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      expect((await asUser('POST', 'retry-all-failed', headers as never)).json().code).toBe('CROSS_SITE_REQUEST')
    }
    expect((await asUser('POST', 'retry-all-failed', { 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
    expect((await asUser('POST', 'clear-failed', { 'sec-fetch-site': 'same-origin' })).statusCode).toBe(403)
    expect((await asUser('POST', 'logout', { 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
    expect((await asUser('GET', 'me')).json().code).toBe('TOKEN_EXPIRED')
  })

  test('a token that logged out counts no more, whatever its jti is', async () => {
    await using api = await open()
    for (const jti of ['b7c1', 'B7C1', 'b7c1 ', 'x'.repeat(1_000), 'a\u0000b', '\ud800']) {
      const authorization = `Bearer ${token({ sub: 'x', jti, role: 'viewer' })}`
      const ask = (method: 'GET' | 'POST', path: string) => api.as(null)(method, path, { headers: { authorization } })
      expect((await ask('GET', 'me')).statusCode).toBe(200)
      expect((await ask('POST', 'logout')).statusCode).toBe(200)
      expect((await ask('GET', 'me')).json()).toMatchObject({ code: 'TOKEN_REVOKED', status: 401 })
    }
  })

  test('every write is in the audit with who, what, from where and under which request', async () => {
    await using api = await open()
    const id = failed(api, { order_id: 1 })
    await api.as('operator')('POST', `retry/${id}`, { headers: { 'x-request-id': 'from-a-test' } })
    await api.as('viewer')('POST', 'clear-failed')
    const { entries } = (await api.get('audit')).json().data
    expect(entries).toMatchObject([
      {
        subject: 'the viewer',
        role: 'viewer',
        action: 'failed.clear',
        outcome: 'refused',
        detail: { code: 'FORBIDDEN' },
      },
      {
        subject: 'the operator',
        action: 'failed.retry',
        target: `failed:${id}`,
        outcome: 'done',
        source: '127.0.0.1',
        request_id: 'from-a-test',
      },
    ])
    const gone = await api.post(`retry/${id}`)
    expect(gone.json()).toMatchObject({ message: `Failed job ${id} not found` })
    expect(gone.json().detail).toContain('by the operator')
  })

  test('a write stands in the audit before it is done: not done where it cannot, and begun where its server died', async () => {
    await using api = await open()
    const [first, second] = [failed(api, { order_id: 1 }), failed(api, { order_id: 2 })]
    const { recordBegin, recordEnd } = api.admin
    api.admin.recordBegin = () => Promise.reject(new FaenaError('STORE_UNAVAILABLE', 'gone'))
    expect((await api.post(`retry/${first}`)).statusCode).toBe(503)
    expect(api.raw.failedRows().map(({ id }) => id)).toEqual([first, second])

    Object.assign(api.admin, { recordBegin, recordEnd: () => Promise.reject(new Error('the server is gone by then')) })
    expect((await api.post(`retry/${second}`)).statusCode).toBe(200)
    api.admin.recordEnd = recordEnd
    expect((await api.post(`retry/${second}`)).statusCode).toBe(404)
    const { entries } = (await api.get('audit')).json().data
    expect(
      entries.map(({ target, outcome, detail }: Entry & { detail: unknown }) => [target, outcome, detail]),
    ).toEqual([
      [`failed:${second}`, 'refused', { code: 'FAILED_JOB_NOT_FOUND' }],
      [`failed:${second}`, 'begun', null],
      [`failed:${first}`, 'failed', { code: 'STORE_UNAVAILABLE' }],
    ])
  })

  test('a request id of an application around it, however long, is cut where it is kept', async () => {
    await using api = await open()
    const app = Fastify({ requestIdHeader: 'x-request-id' })
    onTestFinished(() => app.close())
    await app.register(faenaApi, { admin: api.admin, auth: { secret: SECRET } })
    const headers = { 'x-request-id': 'r'.repeat(3_000), authorization: `Bearer ${token({ sub: 'x', role: 'admin' })}` }
    const answer = await app.inject({ method: 'POST', url: '/api/v1/queue/clear-failed', headers })
    expect(answer.statusCode, answer.body).toBe(200)
    const { entries } = (await api.get('audit')).json().data
    expect(entries).toMatchObject([{ action: 'failed.clear', outcome: 'done', request_id: 'r'.repeat(255) }])
  })

  test('health is open and says no figures; metrics need a token', async () => {
    await using api = await open()
    await api.job({ queue: 'a"b\\c' })
    for (const path of ['/health/live', '/health/ready']) {
      const answer = await api.as(null)('GET', path)
      expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }])
    }
    expect((await api.as(null)('GET', '/metrics')).statusCode).toBe(401)
    expect((await api.as('viewer')('GET', '/metrics')).body).toMatch(
      /^faena_anonymous_refusals_total\{code="UNAUTHENTICATED"\} 1$/m,
    )
    expect((await api.as('viewer')('GET', '/metrics')).body).toContain('faena_jobs{queue="a\\"b\\\\c",state="due"} 1\n')
  })
})

interface Entry {
  subject: string
  outcome: string
  target: string
}

function failed(api: GivenApi, input: object, exception = 'PDOException: MySQL server has gone away'): number {
  const job = newJob({ input })
  return api.raw.insertFailed({ uuid: job.uuid, payload: job.payload, exception })
}
