import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { ROUTES } from '../../src/http/routes.ts'
import { newJob } from '../support/jobs.ts'
import { type Answered, eachApi, type GivenApi } from './support.ts'

/** What clients of the eight routes send since before there was a contract, and what is refused of all newer ones. */
type Method = 'GET' | 'POST' | 'DELETE'

/** The eight, each with what makes a row for it to act on. */
const EIGHT: readonly [Method, string, (api: GivenApi) => Promise<number | null>][] = [
  ['GET', 'status', async () => null],
  ['GET', 'jobs', async () => null],
  ['GET', 'failed', async () => null],
  ['POST', 'retry/{id}', failed],
  ['POST', 'retry-all-failed', failed],
  ['DELETE', 'jobs/{id}', async (api) => (await api.job()).id],
  ['DELETE', 'failed/{id}', failed],
  ['POST', 'clear-failed', failed],
]

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

const FORGIVEN: readonly [string, { path?: string; more?: Omit<InjectOptions, 'method' | 'url'> }][] = [
  ['a trailing slash', { path: '/' }],
  ['a trailing slash before parameters', { path: '/?unheard_of=1' }],
  ['an unknown parameter', { path: '?unheard_of=1&_=1730997654' }],
  ['an unknown parameter, twice', { path: '?unheard_of=1&unheard_of=2' }],
  ['empty parameters', { path: '?queue=&status=&limit=&cursor=&order_id=&unheard_of=' }],
  ['an empty body that is called JSON', { more: { headers: JSON_TYPE, payload: '' } }],
  ['a body of blanks that is called JSON', { more: { headers: JSON_TYPE, payload: ' \n' } }],
  ['an empty body that is called a form', { more: { headers: FORM_TYPE, payload: '' } }],
  ['an empty object', { more: { headers: JSON_TYPE, payload: '{}' } }],
  ["PHP's empty object", { more: { headers: JSON_TYPE, payload: '[]' } }],
  ['null for a body', { more: { headers: JSON_TYPE, payload: 'null' } }],
]

eachApi('patience with old clients', (open) => {
  test('what the eight routes forgive changes nothing of their answers', async () => {
    await using api = await open()
    const act = async ([method, path, make]: (typeof EIGHT)[number], after = '', more = {}) => {
      const id = await make(api)
      const answer = await api.as('admin')(method, `${path.replace('{id}', String(id))}${after}`, more)
      return told(answer, id)
    }
    for (const route of EIGHT) {
      const [method, path] = route
      const plain = await act(route)
      expect(plain, `${method} ${path}`).toMatchObject({ status: 200, body: { success: true } })
      for (const [what, { path: after, more }] of FORGIVEN) {
        if (method === 'GET' && more !== undefined) continue
        // In the address a selection would have no effect: bulk actions refuse the names it would have in the body.
        const narrowed = after?.includes('queue=') && /retry-all|clear/.test(path)
        const answer = await act(route, narrowed ? '?status=&limit=&unheard_of=' : after, more)
        expect(answer, `${method} ${path} with ${what}`).toEqual(plain)
      }
    }
  })

  test('every other route refuses a parameter that it does not know, and an empty one', async () => {
    await using api = await open()
    const newer = ROUTES.filter(({ patient }) => !patient)
    expect(newer).toHaveLength(ROUTES.length - EIGHT.length)
    for (const { method, path, stream } of newer) {
      const url = path.slice(1).replace(/\{\w+\}/g, '1')
      for (const query of ['unheard_of=1', 'unheard_of=']) {
        const answer = await api.as('admin')(method, `${url}?${query}`)
        expect(answer.json(), `${method} ${path}?${query} ${stream ?? ''}`).toMatchObject({
          ...{ code: 'BAD_ARGUMENT', status: 400 },
          errors: [{ path: 'unheard_of' }],
        })
      }
      const slash = await api.as('admin')(method, `${url}/`)
      expect([400, 404, 405], `${method} ${path}/`).toContain(slash.statusCode)
      expect(slash.headers.allow?.split(', ') ?? [], `${method} ${path}/`).not.toContain(method)
    }
  })
})

/** An answer without what differs from one time to the next: ids, and how time passes. */
function told({ statusCode: status, body }: Answered, id: number | null) {
  const ticking = ['timestamp', 'oldest_pending_age_seconds']
  const still = (key: string, value: unknown) => {
    if (key === 'message' && id !== null) return String(value).replace(String(id), 'ID')
    return ticking.includes(key) ? null : value
  }
  return { status, body: JSON.parse(body, still) }
}

async function failed(api: GivenApi): Promise<number> {
  const { uuid, payload } = newJob()
  return api.raw.insertFailed({ uuid, payload, failed_at: '2025-11-07 17:45:59' })
}
