import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type PoolPlan, standardPool } from '../core/pools.ts'
import { Supervisor } from './supervisor.ts'

/** A supervisor without processes, whose configuration is read when `read` says so. */
function idle(read: () => Promise<readonly PoolPlan[]>) {
  const started: string[] = []
  const supervisor = new Supervisor({
    pools: [],
    logs: join(tmpdir(), 'faena-never-written'),
    spec: (_plan, name) => {
      started.push(name)
      throw new Error(`${name} must not be started`)
    },
    reread: read,
    measure: async () => new Map(),
    say: () => {},
    pass: () => {},
  })
  supervisor.start()
  return { supervisor, started }
}

test('a configuration that is read while the supervisor ends starts nothing any more', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly PoolPlan[]>()
  const { supervisor, started } = idle(() => promise)
  const updated = supervisor.update(() => {})
  supervisor.stop()
  resolve([standardPool({ queues: ['default'], concurrency: 1 })])

  await expect(updated).rejects.toThrow('The supervisor is ending')
  await supervisor.ended
  expect(started).toEqual([])
})

test('of two that take the configuration over at once the second begins when the first is done', async () => {
  const readings = [Promise.withResolvers<readonly PoolPlan[]>(), Promise.withResolvers<readonly PoolPlan[]>()]
  let read = 0
  const { supervisor } = idle(() => readings[read++]!.promise)
  const first = supervisor.update(() => {})
  const second = supervisor.update(() => {})
  await Promise.resolve()
  expect(read).toBe(1)
  readings[0]!.resolve([])
  await first
  await Promise.resolve()
  expect(read).toBe(2)
  readings[1]!.resolve([])

  expect(await second).toBe(0)
  supervisor.stop()
  await supervisor.ended
})

// What a process has open, /proc tells, which only Linux has.
test.skipIf(process.platform !== 'linux')('a pool that is removed leaves no open log behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faena-logs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const module = join(folder, 'child.mjs')
  writeFileSync(
    module,
    `console.log('here')\nprocess.on('message', ({ kind }) => kind === 'begin' || process.exit(0))\n`,
  )
  const pool = (name: string) => ({ ...standardPool({ queues: ['default'], concurrency: 1 }), name })
  let plans = [pool('kept'), pool('gone')]
  let here = 0
  const supervisor = new Supervisor({
    pools: plans,
    logs: folder,
    spec: () => ({ module: pathToFileURL(module), order: null }),
    reread: async () => plans,
    measure: async () => new Map(),
    say: () => {},
    pass: () => {
      here += 1
    },
  })
  supervisor.start()
  await expect.poll(() => here, { timeout: 20_000 }).toBe(2)
  await expect.poll(() => openLogs(folder)).toEqual(['gone_00.log', 'kept_00.log'])

  plans = [pool('kept')]
  await supervisor.update(() => {})

  expect(openLogs(folder)).toEqual(['kept_00.log'])
  supervisor.stop()
  await supervisor.ended
  expect(openLogs(folder)).toEqual([])
})

function openLogs(folder: string): string[] {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return open
    .filter((path) => path.startsWith(folder))
    .map((path) => basename(path))
    .sort()
}
