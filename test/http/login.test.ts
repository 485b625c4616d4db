import { expect, test } from 'vitest'
import { type Api, memoryApi } from './support.ts'

/** Guessing at passwords is slowed down, by name and by address. */

const GOOD = 'a long password'

async function withUsers(): Promise<Api> {
  const api = await memoryApi()
  for (const name of ['maria', 'ana']) await api.admin.accounts.saveUser({ name, password: GOOD, role: 'viewer' })
  return api
}

/** Which status somebody at this address is answered with. */
function loginOn(api: Api) {
  return async (remoteAddress: string, name: string, password = 'a wrong password') =>
    (await api.as(null)('POST', 'login', { payload: { name, password }, remoteAddress })).statusCode
}

test('an address has to wait after twenty wrong passwords, whatever names they were for and who logged in between', async () => {
  await using api = await withUsers()
  const login = loginOn(api)
  for (let at = 0; at < 20; at++) {
    expect(await login('192.0.2.1', `nobody-${at}`)).toBe(401)
    // An account of one's own gives no further attempts at those of others; nor does it count as one.
    if (at % 5 === 0) expect(await login('192.0.2.1', 'maria', GOOD)).toBe(200)
  }
  expect(await login('192.0.2.1', 'nobody-20')).toBe(429)
  expect(await login('192.0.2.1', 'maria', GOOD)).toBe(429)
  expect(await login('192.0.2.2', 'maria', GOOD)).toBe(200)
})

test('the addresses of one /64 of IPv6 are one', async () => {
  await using api = await withUsers()
  const login = loginOn(api)
  for (let at = 0; at < 20; at++) expect(await login(`2001:db8:0:1::${at + 1}`, `someone-${at}`)).toBe(401)
  expect(await login('2001:db8:0:1:ffff::1', 'ana', GOOD)).toBe(429)
  expect(await login('2001:db8:0:2::1', 'ana', GOOD)).toBe(200)
})

test('a name has to wait after five wrong passwords, wherever they came from; the right one forgets those before', async () => {
  await using api = await withUsers()
  const login = loginOn(api)
  for (let at = 0; at < 4; at++) expect(await login(`192.0.2.${10 + at}`, 'maria')).toBe(401)
  expect(await login('192.0.2.20', 'maria', GOOD)).toBe(200)
  for (let at = 0; at < 5; at++) expect(await login(`192.0.2.${30 + at}`, 'Maria')).toBe(401)
  expect(await login('192.0.2.40', 'maria', GOOD)).toBe(429)
})
