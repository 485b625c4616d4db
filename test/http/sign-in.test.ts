import { expect, test } from 'vitest'
import { SIGN_IN_FOR_MS, signInCode } from '../../src/http/auth/sign-in.ts'
import { type Api, eachApi, memoryApi, SECRET } from './support.ts'

/** Links that log in once: what `faena login` prints. */

const ana = { subject: 'ana', role: 'operator' } as const

let addresses = 0
/** Codes that are wrong count for a minute: each attempt comes from an address of its own unless one is given. */
const another = () => `10.0.0.${++addresses}`

function loginWith(api: Api, code: string, remoteAddress = another()) {
  const headers = { 'sec-fetch-site': 'same-origin' }
  return api.as(null)('POST', 'login/link', { payload: { code }, headers, remoteAddress })
}

eachApi('sign-in links', (open) => {
  test('a code begins one session, with its role; of two at the same moment one does', async () => {
    await using api = await open()
    const code = signInCode(SECRET, ana, Date.now())
    const answers = await Promise.all([loginWith(api, code), loginWith(api, code)])
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 401])
    const { headers } = answers.find(({ statusCode }) => statusCode === 200)!
    const cookie = String(headers['set-cookie']).split(';')[0]!
    const me = await api.as(null)('GET', 'me', { headers: { cookie } })
    expect(me.json().data).toMatchObject({ subject: 'ana', role: 'operator', via: 'session' })
    expect((await loginWith(api, code)).json().code).toBe('BAD_CREDENTIALS')
  })

  test('a code that was used begins none for as long as it lives', async () => {
    await using api = await open()
    const code = signInCode(SECRET, ana, Date.now())
    expect((await loginWith(api, code)).statusCode).toBe(200)
    api.clock.advance(SIGN_IN_FOR_MS - 1)
    expect((await loginWith(api, code)).json().code).toBe('BAD_CREDENTIALS')
  })

  test('who logged in by a link stands in the audit, the code does not', async () => {
    await using api = await open()
    const code = signInCode(SECRET, ana, Date.now())
    await loginWith(api, code)
    const { body } = await api.get('audit?action=session.login')
    expect(JSON.parse(body).data.entries).toMatchObject([{ subject: 'ana', outcome: 'done', detail: { via: 'link' } }])
    expect(body).not.toContain(code.slice(0, 20))
  })
})

test('a code of another secret, one that has ended, and one that was changed log nobody in', async () => {
  await using api = await memoryApi()
  const good = signInCode(SECRET, ana, Date.now())
  const [text, mark] = good.split('.') as [string, string]
  const admin = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(text, 'base64url').toString()), role: 'admin' }))
  const bad = [
    signInCode('another secret of thirty-two bytes and more', ana, Date.now()),
    signInCode(SECRET, ana, Date.now() - SIGN_IN_FOR_MS - 1),
    `${admin.toString('base64url')}.${mark}`,
    `${text}.`,
    'nonsense',
  ]
  for (const code of bad) expect((await loginWith(api, code)).json().code).toBe('BAD_CREDENTIALS')
  expect((await loginWith(api, good)).statusCode).toBe(200)
})

test('a code is no token for the API', async () => {
  await using api = await memoryApi()
  const code = signInCode(SECRET, ana, Date.now())
  const answer = await api.as(null)('GET', 'status', { headers: { authorization: `Bearer ${code}` } })
  expect(answer.statusCode).toBe(401)
})

test('guessing is slowed down', async () => {
  await using api = await memoryApi()
  const codes = Array.from({ length: 25 }, (_, at) => loginWith(api, `guess${at}`, '192.0.2.1'))
  const statuses = (await Promise.all(codes)).map(({ statusCode }) => statusCode)
  expect(statuses.filter((status) => status === 429)).toHaveLength(5)
})

test('settings are shown to administrators alone', async () => {
  const settings = [{ name: 'jwtSecret', shown: '***', source: 'FAENA_JWT_SECRET' }]
  await using api = await memoryApi({ about: { version: '1.2.3', settings } })
  expect((await api.get('settings')).json().data).toEqual({ version: '1.2.3', settings })
  expect((await api.as('operator')('GET', 'settings')).statusCode).toBe(403)
})
