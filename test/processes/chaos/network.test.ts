import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { expectEndedOnce, readLedger, until } from '../support.ts'
import { installation, troubles } from './installation.ts'
import { onServers } from './on-servers.ts'

/** A heartbeat that is never answered is given up after 5 s; the lease must outlast that, or each silence is a lost lease. */
const SILENT_LEASE_MS = 15_000

onServers((kind, server) => {
  test('connections cut at random, and just after a commit was sent, neither lose nor double a job', async () => {
    const { proxy, survives } = await installation(kind, server(), { jobs: 10_000, proxied: true })
    proxy.doom = { pattern: /commit|settle_\d|push_\d|reserve_\d|heartbeat|lease_until/i, chance: 0.05, how: 'cut' }
    await survives({
      async fault() {
        await sleep(50 + Math.random() * 250)
        proxy.cut(0.2)
      },
      calm: async () => proxy.pass(),
    })
    expect(proxy.doomed).toBeGreaterThan(10)
  })

  test('connections that fall silent are given up in time', async () => {
    const { proxy, survives } = await installation(kind, server(), {
      jobs: 10_000,
      proxied: true,
      leaseMs: SILENT_LEASE_MS,
    })
    await survives({
      async fault() {
        await sleep(500 + Math.random() * 1_500)
        proxy.silence(0.4)
      },
    })
  })

  test('a connection that falls silent while it takes jobs back does not keep others from doing so', async () => {
    const { ledger, proxy, producer, replace, store, leaseMs } = await installation(kind, server(), {
      jobs: 0,
      proxied: true,
    })
    await producer.dispatch(20, 3_000)
    await until('all are held', async () => (await store.counts()).some(({ reserved }) => reserved === 20))
    proxy.doom = { pattern: /for update/i, chance: 1, how: 'silence' }
    const replacing = replace(0)
    await until('it happened', () => proxy.doomed > 0, 20_000)
    proxy.pass()
    await replacing

    await until('every job ended', async () => (await store.counts()).length === 0, leaseMs + 20_000).catch((error) => {
      throw new Error(`${(error as Error).message}; ${troubles(ledger)}`)
    })
    expectEndedOnce(readLedger(ledger), producer.acknowledged)
  })

  test('a server whose answers come two seconds late now and then is waited for, and nothing runs twice', async () => {
    const { proxy, survives } = await installation(kind, server(), { jobs: 10_000, proxied: true, leaseMs: 10_000 })
    await survives({
      async fault() {
        proxy.latencyMs = 2_000
        await sleep(4_000)
        proxy.latencyMs = 0
        await sleep(1_000)
      },
    })
  })
})
