import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { faenaApi, faenaDashboard } from '../../src/http/index.ts'
import { type Answered, memoryApi, SECRET } from './support.ts'

/** How the built dashboard is sent: any mount, deep links, caching, headers, and nothing but its own files. */

const SCRIPT = 'console.log("a script")'
const PAGE = `<!doctype html><html><head><link rel="icon" href="./icon.svg"><script type="module" src="./assets/index-4f1c.js"></script></head><body></body></html>`

function builtFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faena-dashboard-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const files: Record<string, string | Buffer> = {
    'index.html': PAGE,
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'assets/index-4f1c.js': SCRIPT,
    'assets/index-4f1c.js.br': brotliCompressSync(SCRIPT),
    'assets/index-4f1c.js.gz': gzipSync(SCRIPT),
    'assets/secret.php': 'not of a type that is sent',
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

const serving = (mount = '') => memoryApi({ mount, dashboard: { folder: builtFolder(), version: '1.2.3' } })

/** What the page hands to the scripts. */
function factsIn(body: string): { base: string; version: string; nonce: string } {
  return JSON.parse(/<script type="application\/json" id="faena">(.*?)<\/script>/.exec(body)![1]!)
}

test('the page is sent to whoever asks, with the policy to the letter and a nonce of its own each time', async () => {
  await using api = await serving()
  const [first, second] = [await api.as(null)('GET', '/'), await api.as(null)('GET', '/')]
  const { nonce } = factsIn(first.body)
  expect(first.statusCode).toBe(200)
  expect(first.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'`,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(Buffer.from(nonce, 'base64')).toHaveLength(16)
  expect(factsIn(second.body).nonce).not.toBe(nonce)
})

test.each(['', '/admin/colas'])('mounted at "%s", every address of the page leads below the mount', async (mount) => {
  await using api = await serving(mount)
  const ask = api.as(null)
  for (const path of [`${mount}/`, `${mount}/failed`, `${mount}/jobs/123?tab=payload`, `${mount}/queues/a%2Fb.c`]) {
    const { statusCode, body } = await ask('GET', path)
    expect([path, statusCode]).toEqual([path, 200])
    expect(body).toContain(`src="${mount}/assets/index-4f1c.js"`)
    expect(body).toContain(`href="${mount}/icon.svg"`)
    expect(factsIn(body)).toMatchObject({ base: mount, version: '1.2.3' })
  }
  expect((await ask('GET', `${mount}/assets/index-4f1c.js`)).body).toBe(SCRIPT)
  if (mount !== '') {
    expect((await ask('GET', mount)).statusCode).toBe(200)
    expect((await ask('GET', '/')).statusCode).toBe(404)
    expect((await ask('GET', `${mount}/api/v1/queue/status`)).statusCode).toBe(401)
  }
})

test('files whose name has their hash may be kept for ever, others are asked for anew', async () => {
  await using api = await serving()
  const ask = api.as(null)
  const script = await ask('GET', '/assets/index-4f1c.js')
  expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
  const icon = await ask('GET', '/icon.svg')
  expect(icon.headers['cache-control']).toBe('no-cache')
  const again = await ask('GET', '/icon.svg', { headers: { 'if-none-match': String(icon.headers.etag) } })
  expect([again.statusCode, again.body]).toEqual([304, ''])
})

test('a browser gets the smallest form it names', async () => {
  await using api = await serving()
  const asked = (accept: string): Promise<Answered> =>
    api.as(null)('GET', '/assets/index-4f1c.js', { headers: { 'accept-encoding': accept } })
  const encoding = async (accept: string) => (await asked(accept)).headers['content-encoding']
  expect(await encoding('gzip, deflate, br, zstd')).toBe('br')
  expect(await encoding('gzip')).toBe('gzip')
  expect(await encoding('br;q=0, gzip;q=0.5')).toBe('gzip')
  expect(await encoding('identity')).toBeUndefined()
  expect((await asked('br')).headers.vary).toBe('accept-encoding')
  expect((await asked('br')).rawPayload).toEqual(brotliCompressSync(SCRIPT))
})

test('HEAD answers as GET without a body; other methods find nothing', async () => {
  await using api = await serving()
  const ask = api.as(null)
  for (const path of ['/', '/failed', '/assets/index-4f1c.js']) {
    const { statusCode, body } = await ask('HEAD', path)
    expect([path, statusCode, body]).toEqual([path, 200, ''])
  }
  expect((await ask('POST', '/failed', { payload: {} })).statusCode).toBe(404)
})

test('what is no file of the build is not there, however it is spelt', async () => {
  await using api = await serving()
  const ask = api.as(null)
  const tricks = [
    '/assets/missing.js',
    '/assets/secret.php',
    '/assets/',
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/etc/passwd',
    '/assets//index-4f1c.js',
    '/assets/index-4f1c.js%00.png',
    '/assets/..\\..\\package.json',
    '//assets/..;/package.json',
  ]
  for (const path of tricks) {
    const { statusCode, body } = await ask('GET', path)
    const isPage = statusCode === 200 && body.includes('id="faena"')
    expect([path, isPage || statusCode === 404 || statusCode === 400]).toEqual([path, true])
    expect(body).not.toContain('"name"')
    expect(body).not.toContain('root:')
  }
  expect((await ask('GET', '/assets/missing.js')).json()).toMatchObject({ success: false, code: 'ROUTE_NOT_FOUND' })
})

test('the API goes before: its addresses are never a page, known or not', async () => {
  await using api = await serving()
  const ask = api.as('admin')
  expect((await ask('GET', 'status')).json().success).toBe(true)
  expect((await ask('GET', 'nothing')).json().code).toBe('ROUTE_NOT_FOUND')
  expect((await ask('GET', 'retry-all-failed')).json().code).toBe('METHOD_NOT_ALLOWED')
  expect((await ask('GET', '/health/live')).json()).toEqual({ status: 'ok' })
  expect((await ask('GET', '/health/other')).statusCode).toBe(404)
  expect((await api.as(null)('GET', '/metrics')).statusCode).toBe(401)
  expect((await ask('GET', '/%61pi/v1/queue/nothing')).statusCode).toBe(404)
})

test('in an application of its own the plugin keeps to its prefix, and may be framed by those who are named', async () => {
  const { admin, harness } = await memoryApi()
  const app = Fastify()
  app.get('/', async () => 'of the application')
  await app.register(faenaApi, { prefix: '/admin', admin, auth: { secret: SECRET } })
  const framedBy = ['https://backoffice.example.com']
  await app.register(faenaDashboard, { prefix: '/admin', folder: builtFolder(), framedBy })
  const page = await app.inject('/admin/jobs')
  expect(page.headers['content-security-policy']).toContain('frame-ancestors https://backoffice.example.com;')
  const own = await app.inject('/')
  expect(own.body).toBe('of the application')
  expect(own.headers['content-security-policy']).toBeUndefined()
  await app.close()
  await harness.close()
  const careless = Fastify().register(faenaDashboard, { folder: builtFolder(), framedBy: ['https://a.example.com/x'] })
  await expect(careless).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
})

test('a folder without a build stops the start and says how to make one', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'faena-empty-'))
  onTestFinished(() => rmSync(empty, { recursive: true }))
  await expect(memoryApi({ dashboard: { folder: empty } })).rejects.toThrow('npm run build:dashboard')
})
