import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Installation, installation, type Running } from '../cli/support.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** `faena serve` as its users have it: a process of its own, asked over HTTP. */

async function addressOf(running: Running): Promise<string> {
  await running.prints(/http:\/\/\S+\/api\/v1\/queue/)
  return /http:\/\/\S+\/api\/v1\/queue/.exec(running.printed())![0]
}

async function serving(faena: Installation, ...words: string[]) {
  const running = faena.begin('serve', ...words)
  return { running, address: await addressOf(running) }
}

async function get(url: string, token: string) {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, body: (await answer.json()) as { success: boolean; code?: string; data?: unknown } }
}

test('a first start makes a secret that only its owner can read, says so, and faena token signs with it', async () => {
  const faena = installation()
  const { running, address } = await serving(faena)
  await running.prints('A secret for tokens was made')
  const path = join(faena.folder, '.faena/jwt-secret')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(running.printed()).not.toContain(readFileSync(path, 'utf8').trim())

  const { stdout } = await faena.faena('token', '--role', 'operator', '--subject', 'backoffice')
  expect((await get(`${address}/status`, stdout.trim())).body.success).toBe(true)
  expect((await get(`${address}/status`, `${stdout.trim()}x`)).body.code).toBe('UNAUTHENTICATED')

  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
  const again = await serving(faena)
  expect(again.running.printed()).not.toContain('was made')
  expect((await get(`${again.address}/status`, stdout.trim())).status).toBe(200)
})

test('two first starts at once agree on one secret', async () => {
  const faena = installation()
  const both = await Promise.all([serving(faena), serving(faena)])
  const { stdout } = await faena.faena('token')
  for (const { address } of both) expect((await get(`${address}/status`, stdout.trim())).status).toBe(200)
})

test('in production, and where others can reach it, it does not start without something to check tokens with', async () => {
  const production = await installation({ NODE_ENV: 'production' }).faena('serve')
  expect(production).toMatchObject({ code: 2, stderr: expect.stringContaining('FAENA_JWT_SECRET') })
  const open = await installation().faena('serve', '--host', '0.0.0.0')
  expect(open).toMatchObject({ code: 2, stderr: expect.stringContaining('FAENA_HOST is 0.0.0.0') })
  const configured = installation({
    NODE_ENV: 'production',
    FAENA_JWT_SECRET: 'of production, and long enough for HS256',
  })
  await serving(configured)
})

test('a secret under 32 bytes stops the start', async () => {
  const { code, stderr } = await installation({ FAENA_JWT_SECRET: 'short' }).faena('serve')
  expect(code).toBe(2)
  expect(stderr).toContain('FAENA_JWT_SECRET has 5 bytes')
})

test('a port that is taken stops the start and is named', async () => {
  const { address } = await serving(installation())
  const port = new URL(address).port
  const { code, stderr } = await installation().faena('serve', '--port', port)
  expect(code).toBe(2)
  expect(stderr).toContain(`port ${port} of 127.0.0.1 is taken`)
})

test('a request under way is answered when the server is told to stop', async () => {
  const faena = installation()
  const { running, address } = await serving(faena)
  const { stdout } = await faena.faena('token', '--role', 'admin')
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const sent = request(`${address}/retry-all-failed`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json', 'content-length': 2 },
  })
  sent.on('response', (answer) => resolve(answer.statusCode)).on('error', reject)
  // The head is there, the body comes after the signal.
  await new Promise<void>((done) => sent.write('{', () => done()))
  await get(`${address}/status`, stdout.trim())
  running.child.kill('SIGTERM')
  sent.end('}')
  expect(await promise).toBe(200)
  expect((await running.ended).code).toBe(0)
})

test('requests are logged as JSON without tokens and without what the address asked for', async () => {
  const faena = installation({ FAENA_LOG_FORMAT: 'json' })
  const { running, address } = await serving(faena)
  const { stdout } = await faena.faena('token')
  await get(`${address}/jobs?queue=very-private`, stdout.trim())
  await running.prints('"event":"request"')
  const lines = running.printed().split('\n')
  const incoming = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  expect(incoming.find(({ event }) => event === 'request')).toMatchObject({
    ...{
      level: 'info',
      process: 'api',
      method: 'GET',
      path: '/api/v1/queue/jobs',
      status: 200,
      subject: 'command line',
    },
  })
  expect(running.printed()).not.toContain(stdout.trim())
  expect(running.printed()).not.toContain('very-private')
})

test('faena start serves the API beside its worker, and ends both', async () => {
  const faena = installation()
  mkdirSync(join(faena.folder, '.faena'), { recursive: true })
  writeFileSync(join(faena.folder, '.faena/jwt-secret'), `${'ab'.repeat(32)}\n`, { mode: 0o600 })
  const running = faena.begin('start')
  const address = await addressOf(running)
  const { stdout } = await faena.faena('token')
  expect((await get(`${address}/status`, stdout.trim())).status).toBe(200)
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test('a user made on the command line, his password from the standard input, logs in', async () => {
  const faena = installation()
  const { folder: cwd, env } = faena
  const words = [MAIN, 'users', 'add', 'maria', '--role', 'operator']
  const printed = execFileSync(process.execPath, words, { cwd, env, input: 'a long password\n', encoding: 'utf8' })
  expect(printed).toContain('User maria may log in as operator.')
  expect(printed).not.toContain('a long password')
  const { address } = await serving(faena)
  const login = async (password: string) => {
    const body = JSON.stringify({ name: 'maria', password })
    return (await fetch(`${address}/login`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }))
      .status
  }
  expect(await login('a long password')).toBe(200)
  expect(await login('another password')).toBe(401)
  expect((await faena.faena('users', 'list', '--json')).stdout).toContain('"role": "operator"')
})
