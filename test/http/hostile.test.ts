import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { BASE, eachApi, memoryApi, token } from './support.ts'

/** What strangers send: texts that break pages and queries, paths that go round checks, bodies that are too much. */
const TEXTS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</script><svg/onload=alert(1)>',
  'javascript:alert(1)',
  "'; drop table jobs; --",
  "' or 1=1 --",
  '%',
  '_',
  '\\',
  '\\%',
  '#{7*7}',
  '{{7*7}}',
  '=HYPERLINK("http://evil.example")',
  '\u202egnp.exe',
  '\u0007\u001b[31mred',
  'ñandú 漢字 🐘',
]

eachApi('texts that break pages and queries', (open) => {
  test('come out of lists and details as they went in, as JSON that no browser takes for a page', async () => {
    await using api = await open()
    for (const text of TEXTS) {
      const job = newJob({ input: { order_id: text } })
      const payload = JSON.stringify({ ...JSON.parse(job.payload), displayName: text })
      api.raw.insertJob({ queue: 'q', payload })
      api.raw.insertFailed({ uuid: job.uuid, payload, exception: `${text}\n#0 {main}` })
    }
    const jobs = await api.get('jobs')
    expect(jobs.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
    const shown = jobs
      .json()
      .data.jobs.map((job: { job_class: string; order_id: string }) => [job.job_class, job.order_id])
    expect(shown.reverse()).toEqual(TEXTS.map((text) => [text, text]))
    const headlines = (await api.get('failed'))
      .json()
      .data.failed_jobs.map((job: { exception_short: string }) => job.exception_short)
    expect(headlines.reverse()).toEqual(TEXTS.map((text) => `${text}...`))
  })

  test('in the place of tags and keys are left out, and the row is listed, shown, exported and retried', async () => {
    await using api = await open()
    const parts = [
      { tags: [1, null, 'order:5', {}, ['x']], unique: { key: 5, until: 'ended' } },
      { tags: 'order:5', unique: null },
      { tags: { 0: 'x' }, unique: 'x' },
      { tags: [], unique: { key: 'x', until: 'never' } },
    ]
    const jobIds: number[] = []
    const failedIds: number[] = []
    for (const faena of parts) {
      const [waiting, gone] = [newJob(), newJob()]
      const payloadOf = ({ payload }: { payload: string }) => JSON.stringify({ ...JSON.parse(payload), faena })
      jobIds.push(api.raw.insertJob({ payload: payloadOf(waiting) }))
      failedIds.push(api.raw.insertFailed({ uuid: gone.uuid, payload: payloadOf(gone) }))
    }
    const tags = [['order:5'], [], [], []]
    const tagsOf = (rows: { tags: string[] }[]) => rows.map((row) => row.tags).reverse()
    const viewer = (path: string) => api.as('viewer')('GET', path)
    expect(tagsOf((await viewer('jobs')).json().data.jobs)).toEqual(tags)
    expect(tagsOf((await viewer('failed')).json().data.failed_jobs)).toEqual(tags)
    for (const id of jobIds) expect((await viewer(`jobs/${id}`)).json().data).toMatchObject({ id, unique_key: null })
    for (const id of failedIds) expect((await viewer(`failed/${id}`)).json().data).toMatchObject({ id })
    expect((await viewer('failed/export')).body.trim().split('\n')).toHaveLength(4)
    expect((await api.post('retry-all-failed')).json().data).toEqual({ retried_count: 4, skipped_count: 0 })
  })

  test('are no instants where no database has such a date', async () => {
    await using api = await open()
    for (const value of ['253402300800', '999999999999', '+010000-01-01', '0000-00-00 00:00:00', 'a\u0000b']) {
      const narrowed = `from=${encodeURIComponent(value)}`
      for (const path of ['jobs', 'failed', 'failed/groups', 'failed/histogram', 'failed/export', 'metrics', 'audit']) {
        expect((await api.get(`${path}?${narrowed}`)).json().code, `${path} ${value}`).toBe('BAD_ARGUMENT')
      }
      expect((await api.post('retry-all-failed', { failed_before: value })).statusCode).toBe(400)
    }
    expect((await api.get('failed?from=0&to=9999-12-30')).statusCode).toBe(200)
  })

  test('stand in the audit as where a write came from, cut, if a trusted proxy passes them on', async () => {
    await using api = await open({ trustProxy: ['127.0.0.1'] })
    for (const given of ['x'.repeat(300), '10.0.0.1, a b', '<b>']) {
      const headers = { 'x-forwarded-for': given }
      expect((await api.as('admin')('POST', 'queues/a/pause', { headers, payload: {} })).statusCode).toBe(200)
    }
    const { entries } = (await api.get('audit')).json().data
    expect(entries.map(({ source }: { source: string }) => source)).toEqual(['<b>', 'a b', 'x'.repeat(255)])
  })

  test('find what they name, and nothing else', async () => {
    await using api = await open()
    for (const text of TEXTS) {
      const job = newJob({ input: { order_id: text } })
      api.raw.insertFailed({ uuid: job.uuid, payload: job.payload, exception: `Error: [${text}]` })
    }
    const before = api.raw.failedRows().length
    // A list waits for what labels new rows for a moment only.
    const byField = async () => (await api.get(`failed?order_id=${encodeURIComponent(TEXTS[0]!)}`)).json().data.count
    await expect.poll(byField).toBe(1)
    for (const text of TEXTS) {
      const value = encodeURIComponent(text)
      expect((await api.get(`failed?order_id=${value}`)).json().data.count, text).toBe(1)
      expect((await api.get(`failed?error=${encodeURIComponent(`[${text}]`)}`)).json().data.count, text).toBe(1)
      expect((await api.get(`jobs?queue=${value}`)).json().data?.count ?? 0, text).toBe(0)
    }
    expect(api.raw.failedRows()).toHaveLength(before)
  })
})

describe('paths that go round checks', () => {
  test.each([
    `//api/v1/queue/status`,
    `/api//v1/queue/status`,
    `${BASE}//status`,
    `${BASE}/status;a=b`,
    `${BASE}/./status`,
    `${BASE}/x/../status`,
    `${BASE}/%2e%2e/queue/status`,
    `${BASE}/status%2f`,
    `${BASE}/status%00`,
    `${BASE}/STATUS`,
    `${BASE}/status%20`,
    `${BASE}\\status`,
    `${BASE}/failed%2fexport`,
    '/health/live/../../api/v1/queue/status',
    '/api/v1/queue/status?/health/live',
    '/API/v1/queue/status',
  ])('%s without a token shows nothing', async (path) => {
    await using api = await memoryApi()
    const answer = await api.as(null)('GET', path)
    expect([400, 401, 404]).toContain(answer.statusCode)
    expect(answer.json()).toMatchObject({ success: false })
  })

  test.each(['/health/live/x', '/health', '/xhealth/live', '/health/live%2f..', '/metrics/health/live'])(
    '%s is not taken for a health check',
    async (path) => {
      await using api = await memoryApi()
      expect((await api.as(null)('GET', path)).statusCode).toBe(404)
    },
  )
})

describe('bodies', () => {
  const post = async (payload: string, type = 'application/json') => {
    await using api = await memoryApi()
    const answer = await api.as('admin')('POST', 'clear-failed', { payload, headers: { 'content-type': type } })
    return answer.json()
  }

  test('that would reach a prototype are refused', async () => {
    for (const body of [
      '{"__proto__": {"queue": "x"}}',
      '{"queue": "x", "__proto__": 1}',
      '{"constructor": {"prototype": {}}}',
      '{"\\u005f_proto__": {}}',
    ]) {
      expect((await post(body)).success, body).toBe(false)
    }
    expect(({} as { queue?: string }).queue).toBeUndefined()
  })

  test('that are no JSON, too deep, too large or of another type are refused, each with its code', async () => {
    expect(await post('{"queue":')).toMatchObject({ code: 'BAD_JSON', status: 400 })
    expect(await post('{"ids":'.repeat(100))).toMatchObject({ code: 'BAD_JSON' })
    expect(await post(`${'['.repeat(100)}${']'.repeat(100)}`)).toMatchObject({ code: 'BAD_JSON' })
    expect(await post(JSON.stringify({ queue: 'x'.repeat(70_000) }))).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      status: 413,
    })
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'text/html;application/json',
      '\tapplication/jsonx',
    ]) {
      expect(await post('{"queue": "x"}', type), type).toMatchObject({ success: false, status: 415 })
    }
  })

  test('that say nothing are no body, however they are written', async () => {
    for (const body of ['', ' ', '{}', '[]', 'null', '\ufeff{}']) expect((await post(body)).success, body).toBe(true)
    expect((await post('', 'application/x-www-form-urlencoded')).success).toBe(true)
  })
})

test('headers that are too large, and what is no HTTP, are refused in the same shape', async () => {
  await using api = await memoryApi()
  await api.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.server.server.address() as AddressInfo
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let read = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk) => {
        read += chunk
      })
      socket.on('close', () => resolve(read)).on('error', reject)
    })
  expect(await raw(`GET ${BASE}/status HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/,
  )
  expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*"code":"BAD_REQUEST"/)
})

test('no more requests than the limit are carried out in a minute, and the answer says when to come back', async () => {
  await using api = await memoryApi({ limits: { bulk: 2 } })
  const statuses = []
  for (let at = 0; at < 3; at++) statuses.push(await api.post('clear-failed'))
  expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
  expect(statuses[0]!.headers['ratelimit-remaining']).toBe('1')
  expect(Number(statuses[2]!.headers['retry-after'])).toBeGreaterThan(0)
  expect((await api.get('status')).statusCode).toBe(200)
})

test('passwords cannot be tried without end', async () => {
  await using api = await memoryApi()
  const attempt = () => api.as(null)('POST', 'login', { payload: { name: 'nobody-of-this-test', password: 'wrong' } })
  for (let at = 0; at < 5; at++)
    expect((await attempt()).json()).toMatchObject({
      code: 'BAD_CREDENTIALS',
      message: 'The user name or the password is wrong',
    })
  expect((await attempt()).json()).toMatchObject({ code: 'RATE_LIMITED', status: 429 })
})

test('browsers of other origins may ask only where that is configured', async () => {
  await using api = await memoryApi({ corsOrigins: ['https://backoffice.example'] })
  const asked = (origin: string) =>
    api.as(null)('OPTIONS', 'status', {
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    })
  const known = await asked('https://backoffice.example')
  expect(known.statusCode).toBe(204)
  expect(known.headers).toMatchObject({ 'access-control-allow-origin': 'https://backoffice.example', vary: 'origin' })
  for (const origin of [
    'https://evil.example',
    'https://backoffice.example.evil.example',
    'null',
    'http://backoffice.example',
  ]) {
    expect((await asked(origin)).headers['access-control-allow-origin'], origin).toBeUndefined()
  }
})

test('events come as they happen, and end with the server', async () => {
  const api = await memoryApi()
  await api.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.server.server.address() as AddressInfo
  const headers = { authorization: `Bearer ${token({ sub: 'listener', role: 'viewer' })}` }
  const answer = await fetch(`http://127.0.0.1:${port}${BASE}/events`, { headers })
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let read = ''
  const until = async (what: string) => {
    while (!read.includes(what)) {
      const { value, done } = await reader.read()
      if (done) throw new Error(`the stream ended before ${what}:\n${read}`)
      read += value
    }
  }
  await until('event: counts')
  const job = newJob()
  api.harness.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
  await until('event: failed')
  expect(read).toMatch(/id: \w+-\d+\nevent: failed\ndata: \{"count":1,"ids":\[1\]\}\n\n/)
  await api[Symbol.asyncDispose]()
  while (!(await reader.read()).done);
})

test('a host application keeps its own routes, parsers and errors', async () => {
  const { default: Fastify } = await import('fastify')
  const { faenaApi } = await import('../../src/http/index.ts')
  const { createAdmin } = await import('../../src/client/admin.ts')
  const { openMemory } = await import('../support/memory-harness.ts')
  const harness = await openMemory()
  const app = Fastify()
  app.register(faenaApi, {
    prefix: '/admin',
    admin: createAdmin({ store: harness.store }),
    auth: { secret: 'x'.repeat(32) },
  })
  app.get('/own', async () => ({ own: true }))
  const headers = { authorization: `Bearer ${token({ role: 'viewer' }, { secret: 'x'.repeat(32) })}` }
  expect((await app.inject({ url: '/admin/api/v1/queue/status', headers })).json().success).toBe(true)
  const own = await app.inject('/own')
  expect([own.json(), own.headers['content-security-policy'], own.headers['x-request-id']]).toEqual([
    { own: true },
    undefined,
    undefined,
  ])
  expect((await app.inject('/nowhere')).json()).toMatchObject({ error: 'Not Found' })
  expect(
    (await app.inject({ url: '/own2', method: 'POST', payload: 'x', headers: { 'content-type': 'text/plain' } }))
      .statusCode,
  ).toBe(404)
  await app.close()
  await harness.close()
})
