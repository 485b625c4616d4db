import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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
