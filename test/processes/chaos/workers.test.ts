import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ensureInstalled } from '../../support/servers/install.ts'
import { startProducer } from './faked-producer.ts'
import { installation, WORKERS } from './installation.ts'
import { onServers } from './on-servers.ts'

const TEN_MINUTES_MS = 600_000
/** How wrong the clocks of workers are. */
const SKEWS = ['+10m', '-10m', '+0', '+10m', '-10m']

onServers((kind, server) => {
  test('killing workers at random loses no job, burns no attempt, and runs again only what a killed worker held', async () => {
    const { killed, replace, survives } = await installation(kind, server(), { jobs: 10_000 })

    const { rounds, lines } = await survives({
      async fault() {
        await sleep(100 + Math.random() * 400)
        await replace(Math.floor(Math.random() * WORKERS))
      },
    })

    expect(rounds).toBeGreaterThan(3)
    const runs = Map.groupBy(
      lines.filter(({ event }) => event === 'start'),
      ({ uuid }) => uuid,
    )
    const unexplained = [...runs.values()].filter((starts) => starts.slice(0, -1).some(({ pid }) => !killed.has(pid)))
    expect(unexplained).toEqual([])
  })

  test('a storm of restarts, some in order and some by force, burns no attempt', async () => {
    const { replace, survives } = await installation(kind, server(), { jobs: 10_000 })
    await survives({
      async fault() {
        const signals = Array.from({ length: WORKERS }, () => (Math.random() < 0.5 ? 'SIGTERM' : 'SIGKILL'))
        await Promise.all(signals.map((signal, at) => replace(at, signal)))
      },
      progress: 1_700,
    })
  })

  test('workers stopped past their lease change nothing when they go on', async () => {
    const { workers, leaseMs, survives } = await installation(kind, server(), {
      jobs: 10_000,
      leaseMs: 1_000,
      stopped: true,
    })
    await survives({
      async fault() {
        const { pid } = workers[Math.floor(Math.random() * WORKERS)]!
        process.kill(pid, 'SIGSTOP')
        await sleep(leaseMs * 1.2 + Math.random() * leaseMs)
        process.kill(pid, 'SIGCONT')
        await sleep(Math.random() * 300)
      },
    })
  })

  test('clocks that are ten minutes wrong, of workers and of those who dispatch, change nothing', async () => {
    const folder = await ensureInstalled({
      name: 'libfaketime',
      program: 'libfaketime.so.1',
      folders: ['/usr/lib/*/faketime', '/usr/lib/faketime', '/usr/local/lib/faketime'],
      package: 'libfaketime',
    })
    const skewed = (skew: string) => ({
      LD_PRELOAD: join(folder, 'libfaketime.so.1'),
      FAKETIME: skew,
      // Timers count on a clock that nobody sets.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    })
    const told = execFileSync(process.execPath, ['-p', 'Date.now()'], {
      encoding: 'utf8',
      env: { ...process.env, ...skewed('+10m') },
    })
    expect(Number(told) - Date.now()).toBeGreaterThan(TEN_MINUTES_MS - 30_000)
    const { url, producer, replace, survives } = await installation(kind, server(), {
      jobs: 10_000,
      env: (worker) => skewed(SKEWS[worker % SKEWS.length]!),
    })
    for (const skew of ['+10m', '-10m']) await startProducer(url, skewed(skew), producer)

    await survives({
      async fault() {
        await sleep(500 + Math.random() * 500)
        await replace(Math.floor(Math.random() * WORKERS))
      },
    })
  })
})
