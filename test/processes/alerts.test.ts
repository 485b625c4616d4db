import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { fail, receiver, SIGNING, watchOn } from '../alerts/support.ts'
import { installation } from '../cli/support.ts'

const CONFIG = fileURLToPath(new URL('../cli/fixtures/alerts.config.ts', import.meta.url))

function alerting(url: string) {
  return installation({ FAENA_ALERT_ON_CALL_URL: url, FAENA_ALERT_ON_CALL_SECRET: SIGNING, FAENA_LEASE: '2s' }, CONFIG)
}

/** So that what fails from now on is new to whoever looks next. */
async function watched(store: Parameters<typeof watchOn>[0]): Promise<void> {
  const first = watchOn(store)
  await first.look()
  await first.stop()
}

test('an alert that was being delivered when its process was killed is delivered by another, under the same id', async () => {
  const calls: { id: unknown; request: IncomingMessage; response: ServerResponse }[] = []
  const place = createServer((request, response) => {
    calls.push({ id: request.headers['webhook-id'], request, response })
    // The first call is taken and never answered.
    if (calls.length > 1) response.end()
  }).listen(0, '127.0.0.1')
  await once(place, 'listening')
  onTestFinished(() => {
    place.closeAllConnections()
    place.close()
  })
  const faena = alerting(`http://127.0.0.1:${(place.address() as AddressInfo).port}/hook`)
  const store = await faena.store()
  await watched(store)
  const first = faena.begin('serve', '--config', CONFIG)
  await first.prints(/api\/v1\/queue/)
  await fail(store, ['boom', 'boom'])
  await expect.poll(() => calls.length, { timeout: 30_000 }).toBe(1)

  first.child.kill('SIGKILL')
  await first.ended
  const second = faena.begin('serve', '--config', CONFIG)
  await second.prints(/api\/v1\/queue/)

  await expect.poll(() => calls.length, { timeout: 60_000 }).toBe(2)
  expect(calls[1]!.id).toBe(calls[0]!.id)
  await expect
    .poll(async () => (await store.list({ queue: 'faena-alerts' }, { limit: 5 })).rows, { timeout: 20_000 })
    .toEqual([])
  second.child.kill('SIGTERM')
  expect((await second.ended).code).toBe(0)
  expect(calls).toHaveLength(2)
})

test('beside a server and two workers, a thousand failures are one call', async () => {
  const place = await receiver()
  const faena = alerting(place.url)
  const store = await faena.store()
  await watched(store)
  const server = faena.begin('serve', '--config', CONFIG)
  const workers = [1, 2].map(() => faena.begin('work', '--config', CONFIG))
  await server.prints(/api\/v1\/queue/)
  await expect.poll(async () => (await store.workers()).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)

  await fail(
    store,
    Array.from({ length: 1_000 }, (_, at) => `order ${at} not found`),
    'shop.sync',
  )

  const counted = async () => (await store.alerts({}, { limit: 5 })).rows.map(({ count }) => count)
  await expect.poll(counted, { timeout: 30_000 }).toEqual([1_000])
  await expect.poll(() => place.received.length, { timeout: 30_000 }).toBe(1)
  // Whoever takes the watch over knows what was told.
  server.child.kill('SIGKILL')
  await server.ended
  await expect
    .poll(async () => (await store.takeWatch('somebody who asks', 1)) === undefined, { timeout: 30_000 })
    .toBe(true)
  for (const worker of workers) worker.child.kill('SIGTERM')
  for (const worker of workers) expect((await worker.ended).code).toBe(0)
  expect(place.received).toHaveLength(1)
  expect(JSON.parse(place.received[0]!.body).data.title).toMatch(/^\[Faena · shop\] El trabajo shop\.sync ha fallado/)
})
