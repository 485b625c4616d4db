import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue } from '../../../src/index.ts'
import { EFFECTS_TABLE } from '../fixtures/chaos-effects.ts'
import { effectJob } from '../fixtures/chaos-jobs.ts'
import { completions, readLedger, until } from '../support.ts'
import { asked, installation, restarted, WORKERS } from './installation.ts'
import { onServers } from './on-servers.ts'

/** Each is a commit of its own, so they take longer than others. */
const JOBS = 3_000
const ROUNDS = 10

onServers((kind, server) => {
  test('what handlers write in one transaction with complete(tx) is there once for each job, whatever befalls', async () => {
    const { direct, ledger, proxy, workers, store, leaseMs, replace, ended } = await installation(kind, server(), {
      jobs: 0,
      proxied: true,
    })
    await asked(kind, direct, EFFECTS_TABLE)
    const inputs = Array.from({ length: JOBS }, (_, number) => ({ number, ms: number % 20 }))
    await createQueue({ store }).dispatchMany(effectJob, inputs)
    proxy.doom = { pattern: /commit/i, chance: 0.02, how: 'cut' }
    const any = () => Math.floor(Math.random() * WORKERS)
    const faults = [
      () => replace(any()),
      async () => proxy.cut(0.3),
      async () => {
        const { pid } = workers[any()]!
        process.kill(pid, 'SIGSTOP')
        await sleep(leaseMs * 1.3)
        process.kill(pid, 'SIGCONT')
      },
      async () => {
        await server().crash()
        await restarted(server())
      },
    ]

    const done = completions(ledger)
    for (let round = 0; round < ROUNDS; round++) {
      // The last fault comes when few jobs are left.
      await until('there is work between two faults', () => done() >= (JOBS * 0.97 * round) / (ROUNDS - 1))
      await faults[round % faults.length]!()
    }
    proxy.pass()
    await ended(leaseMs + 10_000)

    const operator = await kind.operator(direct)
    onTestFinished(() => operator.end())
    const [counted] = await operator.rows<{ written: unknown; jobs: unknown }>(
      'select count(*) as written, count(distinct number) as jobs from effects',
    )
    const starts = readLedger(ledger).filter(({ event }) => event === 'start').length
    console.info(`${kind.name}: ${JOBS} jobs in transactions, begun ${starts} times, ${proxy.doomed} commits cut off`)
    expect({ written: Number(counted!.written), jobs: Number(counted!.jobs) }).toEqual({ written: JOBS, jobs: JOBS })
    expect(await store.listFailed({}, { limit: 5 })).toMatchObject({ rows: [] })
    expect(starts).toBeGreaterThan(JOBS)
  })
})
