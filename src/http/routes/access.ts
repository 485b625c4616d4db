import { type Static, Type } from 'typebox'
import type { Caller } from '../auth/caller.ts'
import { refuseCrossSite } from '../auth/sessions.ts'
import { readSignInCode } from '../auth/sign-in.ts'
import { isoText } from '../contract/operations.ts'
import { text, words } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { Counter } from '../limits.ts'
import { networkOf } from '../network.ts'
import { route } from '../route.ts'
import type { Services } from '../services.ts'

const me = Type.Object({
  subject: text('Who', ['maria']),
  role: words(['viewer', 'operator', 'admin'], 'What he may do'),
  via: words(['token', 'session'], 'How he is known'),
  until: text('When that ends, ISO 8601'),
  fields: Type.Array(Type.String(), { description: 'Surfaced fields that lists of jobs may be narrowed by' }),
})

const meExample = {
  subject: 'maria',
  role: 'operator' as const,
  via: 'session' as const,
  until: '2025-11-08T07:30:00.000Z',
  fields: ['order_id', 'tienda_id'],
}

function meOf({ subject, role, roleFrom, until }: Caller, { fields }: Services): Static<typeof me> {
  const via = roleFrom === 'session' ? 'session' : 'token'
  return { subject, role, via, until: isoText(until), fields: [...fields] }
}

export const getMe = route({
  method: 'GET',
  path: '/me',
  operation: 'getMe',
  role: 'viewer',
  group: 'Access',
  summary: 'Who asks, and what he may do',
  data: me,
  example: meExample,
  carryOut: async ({ caller, services }) => ({ data: meOf(caller, services) }),
})

/** Wrong passwords in a minute, for one name and from one address. */
const MOST_PER_NAME = 5
const MOST_PER_ADDRESS = 20
const wrong = new Counter()

export const login = route({
  method: 'POST',
  path: '/login',
  operation: 'login',
  role: 'public',
  group: 'Access',
  summary: 'Begin a session of the panel',
  description: 'Sets a cookie that scripts cannot read. Programs use tokens instead.',
  body: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100, description: 'Name of the user' }),
    password: Type.String({ minLength: 1, maxLength: 1_000, description: 'His password' }),
  }),
  bodyExample: { name: 'maria', password: 'correct horse battery staple' },
  data: me,
  example: meExample,
  says: 'Logged in as maria',
  refusals: ['BAD_CREDENTIALS', 'CROSS_SITE_REQUEST'],
  audited: { action: 'session.login' },
  async carryOut({ body, request, reply, services }) {
    const { admin, sessions } = services
    if (request.headers.origin !== undefined) refuseCrossSite(request)
    const name = body.name.toLowerCase()
    const keys = [`name ${name}`, `address ${networkOf(request.ip)}`] as const
    if (wrong.count(keys[0]) >= MOST_PER_NAME || wrong.count(keys[1]) >= MOST_PER_ADDRESS) {
      throw new ApiError('RATE_LIMITED', 'Too many wrong passwords', { headers: { 'retry-after': '60' } })
    }
    // Counted before it is known, so that many at once are as many.
    for (const key of keys) wrong.add(key)
    const user = await admin.accounts.login(body.name, body.password)
    if (user === undefined) throw new ApiError('BAD_CREDENTIALS', 'The user name or the password is wrong')
    // Whoever has an account does not free his address to go on guessing at others'.
    wrong.forget(keys[0])
    wrong.takeBack(keys[1])
    const caller = await sessions.open(request, reply, user.name, user.role)
    request.faenaCaller = caller
    return { data: meOf(caller, services), message: `Logged in as ${user.name}`, audit: {} }
  },
})

export const loginByLink = route({
  method: 'POST',
  path: '/login/link',
  operation: 'loginByLink',
  role: 'public',
  group: 'Access',
  summary: 'Begin a session of the panel with the code of a sign-in link',
  description: 'faena login prints such a link, a first start on this machine too. A code works once, for 15 minutes.',
  body: Type.Object({
    code: Type.String({ minLength: 1, maxLength: 1_100, description: 'What follows #code= in it' }),
  }),
  bodyExample: { code: 'eyJzdWJqZWN0IjoibWFyaWEifQ.mX0' },
  data: me,
  example: meExample,
  says: 'Logged in as maria',
  refusals: ['BAD_CREDENTIALS', 'CROSS_SITE_REQUEST', 'UNSUPPORTED'],
  audited: { action: 'session.login' },
  async carryOut({ body, request, reply, services }) {
    const { admin, sessions, signInSecret } = services
    if (request.headers.origin !== undefined) refuseCrossSite(request)
    if (signInSecret === undefined)
      throw new ApiError('UNSUPPORTED', 'Tokens are checked with a public key here, which signs no links')
    const key = `address ${networkOf(request.ip)}`
    if (wrong.count(key) >= MOST_PER_ADDRESS) {
      throw new ApiError('RATE_LIMITED', 'Too many wrong codes', { headers: { 'retry-after': '60' } })
    }
    wrong.add(key)
    const found = readSignInCode(signInSecret, body.code, Date.now())
    // What the store keeps of its use outlives the code.
    if (found === undefined || !(await admin.accounts.useOnce(found.id))) {
      throw new ApiError('BAD_CREDENTIALS', 'The link has been used, or has ended: faena login prints another')
    }
    wrong.takeBack(key)
    const caller = await sessions.open(request, reply, found.subject, found.role)
    request.faenaCaller = caller
    return { data: meOf(caller, services), message: `Logged in as ${found.subject}`, audit: { via: 'link' } }
  },
})

export const logout = route({
  method: 'POST',
  path: '/logout',
  operation: 'logout',
  role: 'viewer',
  group: 'Access',
  summary: 'End the session, or let the token that asks count no more',
  data: Type.Object({ subject: text('Who') }),
  example: { subject: 'maria' },
  says: 'Logged out',
  audited: { action: 'session.logout' },
  async carryOut({ caller, request, reply, services: { admin, sessions } }) {
    if (caller.roleFrom === 'session') await sessions.close(request, reply)
    else if (caller.tokenId !== null) await admin.accounts.revoke(caller.tokenId, caller.until)
    else throw new ApiError('CONFLICT', 'The token has no jti by which it could be revoked; it ends by itself')
    return { data: { subject: caller.subject }, message: 'Logged out', audit: { via: caller.roleFrom } }
  },
})
