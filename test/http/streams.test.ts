import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { type Answered, type Api, eachApi, type GivenApi, memoryApi, token } from './support.ts'

/** Streams of events: what is told again to whoever comes back, and how they end with the right to listen. */

vi.mock('../../src/http/beat.ts', () => ({ BEAT_MS: 20 }))

/** A stream that is open, read as far as its tests want. */
interface Listening {
  /** All that came so far. */
  read(): string
  until(what: string | RegExp): Promise<void>
  /** Resolves when the server ends it. */
  ended(): Promise<void>
  /** Goes away. */
  leave(): void
}

async function listen(api: Api, headers: Record<string, string>): Promise<Listening> {
  const answer = await api.as(null)('GET', 'events', { headers, payloadAsStream: true })
  expect(answer.statusCode).toBe(200)
  const pieces = (answer as Answered).stream()[Symbol.asyncIterator]()
  let read = ''
  const more = async () => {
    const { value, done } = await pieces.next()
    if (!done) read += String(value)
    return !done
  }
  return {
    read: () => read,
    async until(what) {
      while (typeof what === 'string' ? !read.includes(what) : !what.test(read))
        if (!(await more())) throw new Error(`the stream ended before ${what}:\n${read}`)
    },
    async ended() {
      while (await more());
    },
    leave: () => answer.raw.res.destroy(),
  }
}

const bearer = (jti: string) => ({ authorization: `Bearer ${token({ sub: 'x', role: 'viewer', jti })}` })

async function cookieOf(api: GivenApi, name: string): Promise<Record<string, string>> {
  // A session ends by the clock of the store, and a stream by that of the server.
  api.clock.advance(Math.max(0, Date.now() - api.clock.now()))
  const password = 'a long password'
  await api.admin.accounts.saveUser({ name, password, role: 'viewer' })
  const login = await api.as(null)('POST', 'login', { payload: { name, password } })
  return { cookie: String(login.headers['set-cookie']).split(';')[0]! }
}

const BEATS = /: beat\n\n.*: beat\n\n/s

eachApi('streams of events', (open) => {
  test('one ends when its session logs out, and not before', async () => {
    await using api = await open()
    const headers = await cookieOf(api, 'maria')
    const stream = await listen(api, headers)
    await stream.until(BEATS)
    const logout = { headers: { ...headers, 'sec-fetch-site': 'same-origin' } }
    expect((await api.as(null)('POST', 'logout', logout)).statusCode).toBe(200)
    await stream.ended()
  })

  test('one ends when its user is removed, or gets another password', async () => {
    await using api = await open()
    const streams = [await listen(api, await cookieOf(api, 'ana')), await listen(api, await cookieOf(api, 'maria'))]
    for (const stream of streams) await stream.until(BEATS)
    await api.admin.accounts.removeUser('ana')
    await streams[0]!.ended()
    await api.admin.accounts.saveUser({ name: 'maria', password: 'another password', role: 'viewer' })
    await streams[1]!.ended()
  })

  test('one ends when its token is revoked; those of other tokens go on', async () => {
    await using api = await open()
    const [revoked, other] = [await listen(api, bearer('one')), await listen(api, bearer('two'))]
    await Promise.all([revoked.until(BEATS), other.until(BEATS)])
    await api.admin.accounts.revoke('one', Date.now() + 60_000)
    await revoked.ended()
    const seen = other.read().length
    await other.until(new RegExp(`.{${seen},}: beat\\n\\n`, 's'))
    other.leave()
  })

  test('who comes back with Last-Event-ID is told first what he missed, and nothing twice', async () => {
    await using api = await open()
    const first = await listen(api, bearer('first'))
    await first.until('event: counts')
    const [, seen] = /id: (\w+-\d+)\nevent: counts/.exec(first.read())!
    const witness = await listen(api, bearer('witness'))
    first.leave()
    const job = newJob()
    const id = api.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
    await witness.until('event: failed')

    const again = await listen(api, { ...bearer('first'), 'last-event-id': seen! })
    await again.until('event: failed')
    const numbers = [...again.read().matchAll(/^id: \w+-(\d+)$/gm)].map(([, number]) => Number(number))
    const before = Number(seen!.split('-')[1])
    expect(numbers).toEqual(numbers.map((_, at) => before + 1 + at))
    expect(again.read()).toContain(`data: {"count":1,"ids":[${id}]}\n\n`)

    // Of another server, or made up: only what happens from now on.
    const stranger = await listen(api, { ...bearer('stranger'), 'last-event-id': 'other-1' })
    await stranger.until(BEATS)
    expect(stranger.read()).not.toContain('event: failed')
    for (const stream of [witness, again, stranger]) stream.leave()
  })
})

test('one goes on while the store cannot say whether it may', async () => {
  await using api = await memoryApi()
  const { accounts } = api.admin
  const stream = await listen(api, bearer('kept'))
  await stream.until(BEATS)
  let asked = 0
  accounts.isRevoked = async () => {
    asked += 1
    throw new Error('the database is away')
  }
  await expect.poll(() => asked).toBeGreaterThan(1)
  accounts.isRevoked = async () => true
  await stream.ended()
})

test('looks at whether one still may do not pile up while the store takes its time', async () => {
  await using api = await memoryApi()
  const { accounts } = api.admin
  const stream = await listen(api, bearer('slow'))
  await stream.until(BEATS)
  const answer = Promise.withResolvers<boolean>()
  let asked = 0
  accounts.isRevoked = () => {
    asked += 1
    return answer.promise
  }
  await expect.poll(() => asked).toBe(1)
  const seen = stream.read().length
  await stream.until(new RegExp(`.{${seen},}(: beat\\n\\n){3}`, 's'))
  expect(asked).toBe(1)
  answer.resolve(true)
  await stream.ended()
})

/** Asks for the stream on a socket, of which nothing is read unless a test does. */
async function socketOf(api: Api, jti: string) {
  if (!api.server.server.listening) await api.server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.server.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const request = once(api.server.server, 'request')
  socket.write(`GET /api/v1/queue/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer(jti).authorization}\r\n\r\n`)
  const [, response] = (await request) as [unknown, ServerResponse]
  return { socket, response }
}

test('who left while it was asked who he is does not count among the streams of his subject', async () => {
  await using api = await memoryApi()
  const { accounts } = api.admin
  const revoked = accounts.isRevoked
  const answer = Promise.withResolvers<boolean>()
  accounts.isRevoked = () => answer.promise
  for (let nth = 0; nth < 10; nth++) {
    const { socket, response } = await socketOf(api, 'left')
    const closed = once(response, 'close')
    socket.destroy()
    await closed
  }
  accounts.isRevoked = revoked
  answer.resolve(false)
  const stream = await listen(api, bearer('left'))
  stream.leave()
})

test('a listener that does not read is cut off soon after its stream ended', async () => {
  await using api = await memoryApi()
  const { feed, accounts } = api.admin
  const subscribed = vi.spyOn(feed, 'subscribe')
  const { socket, response } = await socketOf(api, 'deaf')
  socket.pause()
  await expect.poll(() => subscribed.mock.lastCall).toBeDefined()
  const [tell] = subscribed.mock.lastCall!
  const data = { count: 1, ids: Array.from({ length: 10_000 }, (_, at) => 1e6 + at) }
  // What the system holds for it is full once some of it stays here.
  while (response.writableLength < 500_000) {
    tell({ type: 'failed', epoch: 'x', id: 1, data } as never)
    await new Promise(setImmediate)
  }
  const closed = once(response, 'close')
  await accounts.revoke('deaf', Date.now() + 60_000)
  await closed
  expect(response.writableEnded).toBe(true)
  expect(response.writableFinished).toBe(false)
  socket.destroy()
})
