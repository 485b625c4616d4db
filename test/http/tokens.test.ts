import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer as httpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { keysFrom } from '../../src/http/auth/keys.ts'
import type { AuthOptions } from '../../src/http/guard.ts'
import { type Api, memoryApi, SECRET, token } from './support.ts'

/** What has been tried on servers that check tokens, each once more on this one. */
const now = () => Math.floor(Date.now() / 1_000)

async function withToken(api: Api, bearer: string) {
  return api.as(null)('GET', 'status', { headers: { authorization: `Bearer ${bearer}` } })
}

async function codeFor(bearer: string, auth: Partial<AuthOptions> = {}): Promise<string> {
  await using api = await memoryApi({ auth: auth as AuthOptions })
  const answer = await withToken(api, bearer)
  if (answer.statusCode === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
  return answer.statusCode === 200 ? 'admitted' : answer.json().code
}

function unsigned(header: object, payload: object): string {
  return [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
}

function signedBy(
  key: KeyObject,
  alg: string,
  payload: object = { sub: 'x', exp: now() + 60 },
  header: object = {},
): string {
  const text = unsigned({ alg, ...header }, payload)
  const how = alg === 'EdDSA' ? null : 'sha256'
  return `${text}.${sign(how, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string

describe('with a secret', () => {
  test('a token of that secret is admitted', async () => {
    expect(await codeFor(token({ sub: 'x' }))).toBe('admitted')
  })

  test('no token, another scheme and an empty one are refused', async () => {
    await using api = await memoryApi()
    for (const authorization of [undefined, 'Basic YTpi', 'Bearer', 'Bearer ', `Bearer ${token({})} more`, token({})]) {
      const answer = await api.as(null)('GET', 'status', {
        headers: authorization === undefined ? {} : { authorization },
      })
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="faena"/)
      expect(answer.json()).toMatchObject({ success: false, code: 'UNAUTHENTICATED', status: 401 })
    }
  })

  test('the scheme is read whatever its case', async () => {
    await using api = await memoryApi()
    const answer = await api.as(null)('GET', 'status', { headers: { authorization: `bearer ${token({})}` } })
    expect(answer.statusCode).toBe(200)
  })

  test('algorithm none is refused, however it is written', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      const text = unsigned({ alg, typ: 'JWT' }, { sub: 'x', role: 'admin', exp: now() + 60 })
      expect(await codeFor(`${text}.`)).toBe('UNAUTHENTICATED')
      expect(await codeFor(text)).toBe('UNAUTHENTICATED')
    }
  })

  test('another algorithm is refused, also of the same family and with the right secret', async () => {
    const text = unsigned({ alg: 'HS512' }, { sub: 'x', exp: now() + 60 })
    expect(await codeFor(`${text}.${createHmac('sha512', SECRET).update(text).digest('base64url')}`)).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('an empty or another secret is refused', async () => {
    for (const secret of ['', 'secret', `${SECRET} `])
      expect(await codeFor(token({}, { secret }))).toBe('UNAUTHENTICATED')
  })

  test('a token altered in any part is refused', async () => {
    const [header, payload, signature] = token({ sub: 'x', role: 'viewer' }).split('.') as [string, string, string]
    const raised = Buffer.from(JSON.stringify({ sub: 'x', role: 'admin', exp: now() + 60 })).toString('base64url')
    const turned = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`
    for (const altered of [
      `${header}.${raised}.${signature}`,
      `${header}.${payload}.${turned}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
    ]) {
      expect(await codeFor(altered)).toBe('UNAUTHENTICATED')
    }
  })

  test('an expired token is refused with its own code, from the very second on', async () => {
    for (const exp of [now() - 3_600, now() - 1, now()]) expect(await codeFor(token({ exp }))).toBe('TOKEN_EXPIRED')
  })

  test('a token without an end is refused', async () => {
    for (const exp of [undefined, null, '9999999999', true])
      expect(await codeFor(token({ exp }))).toBe('UNAUTHENTICATED')
  })

  test('a token that is not valid yet is refused', async () => {
    expect(await codeFor(token({ nbf: now() + 60 }))).toBe('UNAUTHENTICATED')
    expect(await codeFor(token({ nbf: now() - 60 }))).toBe('admitted')
  })

  test('issuer and audience must be those configured', async () => {
    const auth = { issuer: 'https://shop.example', audience: 'queue' }
    expect(await codeFor(token({ iss: auth.issuer, aud: 'queue' }), auth)).toBe('admitted')
    expect(await codeFor(token({ iss: auth.issuer, aud: ['other', 'queue'] }), auth)).toBe('admitted')
    for (const wrong of [
      { iss: auth.issuer, aud: 'queues' },
      { iss: auth.issuer },
      { aud: 'queue' },
      { iss: 'https://shop.example/', aud: 'queue' },
    ]) {
      expect(await codeFor(token(wrong), auth)).toBe('UNAUTHENTICATED')
    }
  })

  test('a token that names a key is refused, unless that name is configured', async () => {
    for (const kid of ['other', '../../etc/passwd', '', "' or 1=1 --"]) {
      expect(await codeFor(token({}, { header: { kid } }))).toBe('UNAUTHENTICATED')
    }
    expect(await codeFor(token({}, { header: { kid: 'main' } }), { keyId: 'main' })).toBe('admitted')
  })

  test('keys that a token brings along are not looked at, and extensions it calls critical refuse it', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const jwk = publicKey.export({ format: 'jwk' })
    for (const header of [{ jwk }, { jku: 'https://evil.example/keys' }, { x5u: 'https://evil.example/cert' }]) {
      expect(await codeFor(signedBy(privateKey, 'EdDSA', undefined, header))).toBe('UNAUTHENTICATED')
    }
    expect(await codeFor(token({}, { header: { crit: ['faena'], faena: true } }))).toBe('UNAUTHENTICATED')
  })

  test('a token over 8 KB is refused before it is read', async () => {
    expect(await codeFor(token({ sub: 'x', filler: 'a'.repeat(8_192) }))).toBe('UNAUTHENTICATED')
  })

  test('what is no token at all is refused', async () => {
    for (const bearer of ['.', '..', '...', 'a.b.c', 'e30.e30.e30', `${token({})}.x`, `${token({})}=`, '%00']) {
      expect(await codeFor(bearer)).toBe('UNAUTHENTICATED')
    }
  })

  test('two Authorization headers are refused, whichever is good', async () => {
    await using api = await memoryApi()
    await api.server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = api.server.server.address() as AddressInfo
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const authorization = [`Bearer ${token({})}`, 'Bearer other']
      const headers = ['Host', 'localhost', 'Authorization', authorization[0]!, 'Authorization', authorization[1]!]
      const sent = request({ port, path: '/api/v1/queue/status', headers }, (answer) => resolve(answer.statusCode))
      sent.on('error', reject).end()
    })
    expect(status).toBe(401)
  })

  test('a token is not taken from the address', async () => {
    await using api = await memoryApi()
    for (const name of ['token', 'access_token', 'jwt']) {
      expect((await api.as(null)('GET', `status?${name}=${token({})}`)).statusCode).toBe(401)
    }
  })

  test('after many wrong tokens an address has to wait', async () => {
    await using api = await memoryApi()
    let answer = await withToken(api, 'a.b.c')
    for (let at = 1; at < 60; at++) answer = await withToken(api, 'a.b.c')
    expect(answer.statusCode).toBe(401)
    answer = await withToken(api, 'a.b.c')
    expect(answer.statusCode).toBe(429)
    expect(answer.headers['retry-after']).toBeDefined()
  })
})

describe('roles', () => {
  test('a token that names none has the configured one, and a refusal names the setting', async () => {
    await using api = await memoryApi()
    const answer = await api.as(null)('POST', 'clear-failed', {
      headers: { authorization: `Bearer ${token({ sub: 'backoffice' })}` },
    })
    expect(answer.statusCode).toBe(403)
    expect(answer.json()).toMatchObject({ code: 'FORBIDDEN', message: 'This needs the role admin' })
    expect(answer.json().detail).toContain('FAENA_DEFAULT_ROLE')
  })

  test('a role that does not exist admits to nothing, also not to what the configured one might do', async () => {
    for (const role of ['root', 'Admin', 'admin ', '', 7, {}, [], ['root']])
      expect(await codeFor(token({ role }))).toBe('FORBIDDEN')
  })

  test('of several roles the largest counts, and their key may be another', async () => {
    expect(await codeFor(token({ roles: ['staff', 'viewer'] }), { roleClaim: 'roles' })).toBe('admitted')
    expect(await codeFor(token({ role: 'root' }), { roleClaim: 'roles' })).toBe('admitted')
  })

  test('a role inherited from an object is none', async () => {
    expect(await codeFor(token({}), { roleClaim: 'constructor' })).toBe('admitted')
  })
})

describe('with a public key', () => {
  const kinds = [
    ['EdDSA', generateKeyPairSync('ed25519')],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2_048 })],
  ] as const

  test.each(kinds)('%s: a token of its private key is admitted', async (alg, { publicKey, privateKey }) => {
    const auth = { secret: undefined, publicKey: pem(publicKey) }
    expect(await codeFor(signedBy(privateKey, alg), auth)).toBe('admitted')
    expect(await codeFor(signedBy(privateKey, alg, { sub: 'x', exp: now() - 60 }), auth)).toBe('TOKEN_EXPIRED')
  })

  test.each(kinds)('%s: the public key is not taken for a secret', async (_alg, { publicKey }) => {
    const text = pem(publicKey)
    const auth = { secret: undefined, publicKey: text }
    const der = publicKey.export({ type: 'spki', format: 'der' })
    for (const secret of [text, text.trim(), ` ${text}`, der])
      expect(await codeFor(token({}, { secret }), auth)).toBe('UNAUTHENTICATED')
  })

  test('a key of another kind, or another key of this kind, is refused', async () => {
    const auth = { secret: undefined, publicKey: pem(kinds[0][1].publicKey) }
    for (const [alg, { privateKey }] of kinds.slice(1))
      expect(await codeFor(signedBy(privateKey, alg), auth)).toBe('UNAUTHENTICATED')
    expect(await codeFor(signedBy(generateKeyPairSync('ed25519').privateKey, 'EdDSA'), auth)).toBe('UNAUTHENTICATED')
  })
})

describe('with a published key set', () => {
  const pairs = ['one', 'two'].map((kid) => ({ kid, ...generateKeyPairSync('ed25519') }))

  async function published(keys: object[] | null) {
    const server = httpServer((_request, answer) => {
      if (keys === null) answer.writeHead(500).end('down')
      else answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
    return { jwksUrl, [Symbol.asyncDispose]: async () => void server.close() }
  }
  const setOfKeys = pairs.map(({ kid, publicKey }) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid,
    alg: 'EdDSA',
    use: 'sig',
  }))

  test('tokens of any of its keys are admitted, and one that names an unknown key is not', async () => {
    await using set = await published(setOfKeys)
    const auth = { secret: undefined, jwksUrl: set.jwksUrl }
    for (const { kid, privateKey } of pairs)
      expect(await codeFor(signedBy(privateKey, 'EdDSA', undefined, { kid }), auth)).toBe('admitted')
    expect(await codeFor(signedBy(pairs[0]!.privateKey, 'EdDSA', undefined, { kid: 'three' }), auth)).toBe(
      'UNAUTHENTICATED',
    )
    expect(await codeFor(signedBy(pairs[0]!.privateKey, 'EdDSA', undefined, { kid: 'two' }), auth)).toBe(
      'UNAUTHENTICATED',
    )
    expect(await codeFor(token({}, { header: { kid: 'one' } }), auth)).toBe('UNAUTHENTICATED')
  })

  test('while it cannot be fetched nobody is admitted, and that is told apart from a wrong token', async () => {
    await using set = await published(null)
    const auth = { secret: undefined, jwksUrl: set.jwksUrl }
    expect(await codeFor(signedBy(pairs[0]!.privateKey, 'EdDSA', undefined, { kid: 'one' }), auth)).toBe(
      'KEYS_UNAVAILABLE',
    )
    expect(await codeFor(token({}, { header: { alg: 'none' } }), auth)).toBe('UNAUTHENTICATED')
  })
})

describe('a configuration that would be unsafe stops the start', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  const ed = generateKeyPairSync('ed25519')
  test.each([
    ['nothing to check with', {}, 'exactly one of'],
    ['two things to check with', { secret: SECRET, publicKey: pem(ed.publicKey) }, 'exactly one of'],
    ['a short secret', { secret: 'x'.repeat(31) }, '31 bytes'],
    ['a private key', { publicKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }, 'private key'],
    ['a weak key', { publicKey: pem(publicKey) }, '2048'],
    ['what is no key', { publicKey: 'secret' }, 'PEM'],
    ['an algorithm that does not fit the key', { publicKey: pem(ed.publicKey), algorithm: 'RS256' as const }, 'EdDSA'],
    ['a key set over plain http', { jwksUrl: 'http://id.example/keys' }, 'https'],
  ])('%s', (_what, options, text) => {
    expect(() => keysFrom(options)).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIGURATION', message: expect.stringContaining(text) }),
    )
  })

  test('the value of a secret is in no error', () => {
    expect(() => keysFrom({ secret: 'hunter2 hunter2' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })
})
