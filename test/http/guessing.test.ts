import { expect, test } from 'vitest'
import { type Api, eachApi, memoryApi, token } from './support.ts'

/** What whoever guesses tokens and sessions costs, and what others of his address notice of it. */
eachApi('guessing', (open) => {
  test('after sixty wrong tokens an address is told to wait with the next one, while right ones pass', async () => {
    await using api = await open()
    const { accounts } = api.admin
    const { secret } = await accounts.openSession({ subject: 'maria', role: 'viewer', forMs: 60_000 })
    const withToken = (bearer: string) =>
      api.as(null)('GET', 'status', { headers: { authorization: `Bearer ${bearer}` } })
    const wrong = token({ sub: 'x' }, { secret: 'another secret, which is long enough as well' })
    for (let at = 0; at < 100; at++) expect((await api.as(null)('GET', 'status')).statusCode).toBe(401)
    for (let at = 0; at < 60; at++) expect((await withToken(wrong)).statusCode).toBe(401)

    for (const refused of [await withToken(wrong), await withToken('a.b.c')]) {
      expect(refused.json()).toMatchObject({ code: 'RATE_LIMITED', status: 429 })
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect((await api.as('viewer')('GET', 'status')).statusCode).toBe(200)
    // Whose session has ended is asked to log in, whatever others of his address guessed.
    expect((await withCookie(api, 'x'.repeat(43))).json()).toMatchObject({ code: 'TOKEN_EXPIRED', status: 401 })
    expect((await withCookie(api, secret)).statusCode).toBe(200)
    expect((await api.as(null)('GET', 'status')).json().code).toBe('UNAUTHENTICATED')
  })

  test('sessions that are none keep the store busy with eight look-ups of one address at a time, and a right one passes', async () => {
    await using api = await open()
    const { accounts } = api.admin
    const { secret } = await accounts.openSession({ subject: 'maria', role: 'viewer', forMs: 60_000 })
    const { session } = accounts
    let [busy, most] = [0, 0]
    accounts.session = async (given) => {
      busy += 1
      most = Math.max(most, busy)
      const found = await session(given)
      busy -= 1
      return found
    }
    const guesses = Array.from({ length: 100 }, (_, at) => withCookie(api, `${at}`.padStart(43, 'x')))
    const right = withCookie(api, secret)
    for (const { statusCode } of await Promise.all(guesses)) expect(statusCode).toBe(401)
    expect((await right).statusCode).toBe(200)
    expect([most, busy]).toEqual([8, 0])
  })
})

test('wrong tokens from one /64 of IPv6 are counted together', async () => {
  await using api = await memoryApi()
  const from = (remoteAddress: string) =>
    api.as(null)('GET', 'status', { remoteAddress, headers: { authorization: 'Bearer a.b.c' } })
  for (let at = 1; at <= 60; at++) expect((await from(`2001:db8:0:1::${at}`)).statusCode).toBe(401)
  expect((await from('2001:db8:0:1:ffff::1')).statusCode).toBe(429)
  expect((await from('2001:db8:0:2::1')).statusCode).toBe(401)
})

function withCookie(api: Api, value: string) {
  return api.as(null)('GET', 'status', { headers: { cookie: `faena_session=${value}` } })
}
