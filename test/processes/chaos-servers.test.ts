import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { installation, restarted } from './chaos/installation.ts'
import { onServers } from './chaos/on-servers.ts'
import { expectEndedOnce, readLedger, until } from './support.ts'

onServers((kind, server) => {
  test('a job that runs through three outages longer than the lease is not blamed for them', async () => {
    const { ledger, producer, store } = await installation(kind, server(), { jobs: 0, leaseMs: 1_000 })
    await producer.dispatch(1, 8_000)
    const starts = () => readLedger(ledger).filter(({ event }) => event === 'start').length
    for (let outage = 1; outage <= 3; outage++) {
      await until(`it runs for the ${outage}. time`, () => starts() === outage, 15_000)
      await sleep(500)
      await server().crash()
      await sleep(2_500)
      await restarted(server())
    }
    await until('it ended', async () => (await store.counts()).length === 0, 25_000)

    expect((await store.listFailed({}, { limit: 1 })).rows.map(({ headline }) => headline)).toEqual([])
    expectEndedOnce(readLedger(ledger), producer.acknowledged)
  })
})
