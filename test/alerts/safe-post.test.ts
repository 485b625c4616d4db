import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { safePost } from '../../src/alerts/safe-post.ts'
import { reachable } from '../../src/core/networks.ts'
import { receiver } from './support.ts'

const NOWHERE = reachable([])!
const LOOPBACK = reachable(['127.0.0.1'])!
const post = (url: string, more: Partial<Parameters<typeof safePost>[0]> = {}) =>
  safePost({ url, headers: { 'content-type': 'application/json' }, body: '{"a":"ñ"}', reachable: NOWHERE, ...more })

describe('a webhook', () => {
  test('is posted to, with its body and headers', async () => {
    const { url, received } = await receiver()

    await post(url, { reachable: LOOPBACK, headers: { 'content-type': 'application/json', 'webhook-id': '1' } })

    expect(received).toMatchObject([
      {
        path: '/hook/secret-path',
        body: '{"a":"ñ"}',
        headers: {
          'content-type': 'application/json',
          'webhook-id': '1',
          'content-length': '10',
          host: new URL(url).host,
        },
      },
    ])
  })

  test.each([
    ...[
      'https://127.0.0.1/',
      'https://localhost/',
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://0.0.0.0/',
    ],
    ...['https://2130706433/', 'https://0x7f000001/', 'https://0177.0.0.1/', 'https://127.1/', 'https://①②⑦.0.0.1/'],
    ...[
      'https://169.254.169.254/latest/meta-data/',
      'https://[fd00:ec2::254]/',
      'https://10.0.0.1/',
      'https://192.168.0.1/',
    ],
    ...['https://[64:ff9b::7f00:1]/', 'https://[fe80::1]/', 'https://100.64.0.1/', 'https://224.0.0.1/'],
  ])('at %s is not reached', async (url) => {
    await expect(post(url)).rejects.toMatchObject({ final: true, message: expect.stringContaining('allowPrivate') })
  })

  test.each([[['10.0.0.1']], [['93.184.216.34', '127.0.0.1']], [['93.184.216.34', '::1']], [[]]])(
    'whose name leads to %j is not reached, whatever else it leads to',
    async (addresses) => {
      const resolve = async () => addresses

      await expect(post('https://hooks.example.com/', { resolve })).rejects.toMatchObject({ final: true })
    },
  )

  test('is looked up once: a name that changes its mind leads nowhere else', async () => {
    const { url, received } = await receiver()
    const { port } = new URL(url)
    let asked = 0
    const resolve = async () => (asked++ === 0 ? ['127.0.0.1'] : ['10.0.0.1'])

    await post(`http://hooks.test:${port}/x`, { reachable: LOOPBACK, resolve })

    expect(asked).toBe(1)
    expect(received[0]!.headers.host).toBe(`hooks.test:${port}`)
  })

  test('is reached at the next address of its name where the first takes no connection', async () => {
    const { url, received } = await receiver()
    const { port } = new URL(url)
    // Nobody listens there at this port.
    const resolve = async () => ['127.0.0.2', '127.0.0.1']

    await post(`http://hooks.test:${port}/x`, { reachable: reachable(['127.0.0.0/8'])!, resolve })

    expect(received).toHaveLength(1)
  })

  test('that took the connection is the only one told, however it ends', async () => {
    const { url, received } = await receiver()
    const port = Number(new URL(url).port)
    const first = createServer((socket) => socket.destroy()).listen(port, '127.0.0.2')
    await once(first, 'listening')
    const resolve = async () => ['127.0.0.2', '127.0.0.1']

    const posted = post(`http://hooks.test:${port}/x`, { reachable: reachable(['127.0.0.0/8'])!, resolve })

    await expect(posted).rejects.toMatchObject({ final: false, message: expect.stringContaining('not be reached') })
    expect(received).toEqual([])
    first.close()
  })

  test('is reached by http only at the addresses that were named', async () => {
    const { url, received } = await receiver()
    const { port } = new URL(url)

    await post(`http://hooks.test:${port}/x`, {
      reachable: LOOPBACK,
      resolve: async () => ['93.184.216.34', '127.0.0.1'],
    })

    expect(received).toHaveLength(1)
  })

  test('is reached by http only where it was named', async () => {
    const resolve = async () => ['93.184.216.34']

    await expect(post('http://hooks.example.com/', { resolve })).rejects.toMatchObject({
      final: true,
      message: expect.stringContaining('by http'),
    })
  })

  test('that is named may be anywhere', async () => {
    const { url, received } = await receiver()
    const { port } = new URL(url)

    await post(`http://hooks.lan:${port}/x`, {
      reachable: reachable(['hooks.lan'])!,
      resolve: async () => ['127.0.0.1'],
    })

    expect(received).toHaveLength(1)
  })

  test('that answers with another address is not followed', async () => {
    const [first, other] = [await receiver(), await receiver()]
    first.answer(302, { location: other.url })

    await expect(post(first.url, { reachable: LOOPBACK })).rejects.toMatchObject({ message: '127.0.0.1 answered 302' })

    expect(other.received).toEqual([])
  })

  test.each([
    [400, true],
    [401, true],
    [404, true],
    [410, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])('that answers %i is asked no more: %s', async (status, final) => {
    const place = await receiver()
    place.answer(status, { 'retry-after': '120' }, 'the secrets of the place')

    const error = await post(place.url, { reachable: LOOPBACK }).catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ final, retryAfterMs: 120_000, message: `127.0.0.1 answered ${status}` })
    expect(String((error as Error).stack)).not.toContain('secret')
  })

  test('that never answers is left after its time', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }

    await expect(
      post(`http://127.0.0.1:${port}/secret-path`, { reachable: LOOPBACK, timeoutMs: 150 }),
    ).rejects.toMatchObject({ final: false, message: '127.0.0.1 did not answer within 150 ms' })

    server.close()
  })

  test('that answers without an end is read no further', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n')
      const flood = () => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
      }
      socket.on('drain', flood)
      flood()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }

    await post(`http://127.0.0.1:${port}/`, { reachable: LOOPBACK, timeoutMs: 5_000 })

    server.close()
  })

  test('that is not there says so, without its path', async () => {
    const error = await post('http://127.0.0.1:1/secret-path', { reachable: LOOPBACK }).catch((thrown: Error) => thrown)

    expect(error).toMatchObject({ final: false, message: '127.0.0.1 could not be reached: ECONNREFUSED' })
  })
})
