import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import { installation } from './support.ts'

/** `faena token`: what it makes, and what it has count no more. */

const SECRET = 'a secret for tests alone, thirty-two bytes and more'

interface Made {
  token: string
  jti: string
}

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

/** Only its parts are read, never its signature. */
function unsigned(payload: object): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256' })}.${part(payload)}.c2lnbmVk`
}

test('the jti of a new token is told by --json, and a script is given the token alone', async () => {
  const faena = installation({ FAENA_JWT_SECRET: SECRET })
  const made = (await faena.json('token')) as Made
  expect(payloadOf(made.token).jti).toBe(made.jti)
  expect((await faena.call('token')).stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
})

test('a token is revoked by itself or by its jti, and that is in the audit', async () => {
  const faena = installation({ FAENA_JWT_SECRET: SECRET })
  const store = await faena.store()
  const [one, two] = [(await faena.json('token')) as Made, (await faena.json('token')) as Made]
  const expiresAt = Number(payloadOf(one.token).exp) * 1_000

  expect(await faena.json('token', '--revoke', one.token)).toEqual({
    revoked: one.jti,
    expires_at: new Date(expiresAt).toISOString(),
  })
  const printed = await faena.call('token', '--revoke', two.jti)
  expect(printed).toMatchObject({ code: 0, stdout: expect.stringContaining(`The token [${two.jti}] counts no more`) })

  const { accounts, auditLog } = createAdmin({ store })
  expect(await Promise.all([one.jti, two.jti, 'another'].map(accounts.isRevoked))).toEqual([true, true, false])
  const { rows } = await auditLog({ action: 'token.revoke' })
  expect(rows).toMatchObject([
    { source: 'cli', outcome: 'done', detail: JSON.stringify({ jti: two.jti }) },
    { source: 'cli', outcome: 'done', detail: JSON.stringify({ jti: one.jti }) },
  ])
})

test('a jti whose end nobody knows is kept for good; one with its token, until that ends', async () => {
  const faena = installation()
  const store = await faena.store()
  const exp = Math.floor(Date.now() / 1_000) + 600
  await faena.call('token', '--revoke', 'of another issuer')
  await faena.call('token', '--revoke', unsigned({ jti: 'mine', exp }))
  await faena.call('token', '--revoke', unsigned({ jti: 'over', exp: 1 }))
  const kept = (await store.revocations()).map(({ expiresAt }) => new Date(expiresAt).toISOString())
  expect(kept.sort()).toEqual([new Date(exp * 1_000).toISOString(), '9999-12-31T00:00:00.000Z'])
})

test.each([
  (token: string) => `Bearer ${token}`,
  (token: string) => `"${token}"`,
  (token: string) => ` bearer  '${token}'\n`,
])('a token is revoked however it was copied: %s', async (copied) => {
  const faena = installation()
  const store = await faena.store()
  const exp = Math.floor(Date.now() / 1_000) + 600
  const { stdout } = await faena.call('token', '--revoke', copied(unsigned({ jti: 'mine', exp })))
  expect(stdout).not.toContain('eyJ')
  expect(await createAdmin({ store }).accounts.isRevoked('mine')).toBe(true)
  expect(await store.revocations()).toHaveLength(1)
})

test.each([
  [-1e300, '1970-01-01T00:00:00.000Z'],
  [1e300, null],
])('a token that says it ends at %d is revoked like any other', async (exp, expires_at) => {
  const faena = installation()
  expect(await faena.json('token', '--revoke', unsigned({ jti: 'mine', exp }))).toEqual({ revoked: 'mine', expires_at })
})

test.each([
  [[''], '--revoke is empty; allowed: a token, or its jti'],
  [[`eyJ${'x'.repeat(9_000)}`], '--revoke is longer than 8 KB'],
  [['eyJhbGciOiJIUzI1NiJ9.eyJzdWIi'], '--revoke is neither a whole token nor a jti'],
  [[unsigned({ sub: 'backoffice', exp: 1 })], 'The token of --revoke has no jti'],
  [['"\n"'], '--revoke is empty'],
  [[`Authorization: Bearer ${unsigned({ jti: 'mine' })}`], '--revoke has a token with more around it'],
  [[JSON.stringify({ token: unsigned({ jti: 'mine' }) })], '--revoke has a token with more around it'],
  [['some-jti', '--role', 'admin'], '--role is for a token to make; leave it out beside --revoke'],
])('token --revoke %j says what is wrong, and never repeats a token', async (words, text) => {
  const faena = installation()
  const { code, stderr } = await faena.call('token', '--revoke', ...words)
  expect(code).toBe(2)
  expect(stderr).toContain(text)
  expect(stderr).not.toContain('eyJ')
  expect(await (await faena.store()).revocations()).toEqual([])
})
