import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { installation, restarted, WORKERS } from './installation.ts'
import { onServers } from './on-servers.ts'
import { startLaravel } from './php.ts'

onServers((kind, server) => {
  test('on tables that Laravel made, with its workers beside ours, faults of all kinds lose and double nothing', async () => {
    const { direct, proxy, workers, replace, survives, leaseMs } = await installation(kind, server(), {
      jobs: 5_000,
      proxied: true,
      stopped: true,
      tables: kind.laravelTables,
    })
    const beside = await startLaravel(kind, direct)
    const any = () => Math.floor(Math.random() * WORKERS)
    const faults = [
      () => replace(any()),
      () => replace(any(), 'SIGTERM'),
      async () => proxy.cut(0.5),
      async () => {
        const { pid } = workers[any()]!
        process.kill(pid, 'SIGSTOP')
        await sleep(leaseMs * 1.3)
        process.kill(pid, 'SIGCONT')
      },
    ]
    let turn = 0
    await survives({
      async fault() {
        await sleep(300 + Math.random() * 500)
        await faults[turn++ % faults.length]!()
      },
      calm: async () => beside.end(),
    })
    expect(beside.run.length).toBe(beside.dispatched)
    expect(new Set(beside.run).size).toBe(beside.run.length)
  })

  test('on tables that Laravel made, killing the server and all connections to it loses and doubles nothing', async () => {
    const { database, survives } = await installation(kind, server(), { jobs: 5_000, tables: kind.laravelTables })
    await survives({
      async fault() {
        const operator = await kind.operator(server().url)
        for (let kill = 0; kill < 5; kill++) {
          await sleep(300)
          await kind.killAll(operator, database)
        }
        await operator.end()
        await sleep(500 + Math.random() * 1_000)
        await server().crash()
        await restarted(server())
      },
    })
  })
})
