import { expect, onTestFinished, test } from 'vitest'
import type { PoolDefinition, PoolPlan } from '../../src/core/pools.ts'
import { settingsFrom } from '../../src/core/settings.ts'
import { Pool } from '../../src/supervisor/pool.ts'
import type { ProcessRow } from '../../src/supervisor/rows.ts'
import { until } from './support.ts'

const CHILD = new URL('../cli/fixtures/child.ts', import.meta.url)
const TIMING = {
  quickMs: 300,
  pauses: { firstMs: 20, longestMs: 100 },
  readyWithinMs: 5_000,
  quarantineDeaths: 3,
  firstQuarantineMs: 1_000,
}

function plan(definition: PoolDefinition): PoolPlan {
  return settingsFrom({}, { pools: { p: definition } }).pools[0]!
}

/** A pool of fixture children; each slot lives as `lives` says, one life per process. */
function poolOf(definition: PoolDefinition, lives: string[] | ((name: string) => string[]), timing = TIMING) {
  const said: string[] = []
  const printed: string[] = []
  const given = { lives }
  const pool = new Pool(
    plan(definition),
    {
      say: (line) => said.push(line),
      spec: (_plan, name) => ({
        module: CHILD,
        order: { lives: typeof given.lives === 'function' ? given.lives(name) : given.lives },
        print: (_stream, chunk) =>
          printed.push(
            ...String(chunk ?? '')
              .trimEnd()
              .split('\n'),
          ),
      }),
    },
    timing,
  )
  onTestFinished(() => pool.end('stopNow'))
  pool.reconcile()
  return { pool, said, printed, given }
}

const states = (rows: readonly ProcessRow[]) => rows.map(({ name, state }) => `${name} ${state}`)
const pids = (pool: Pool) => pool.rows().map(({ pid }) => pid)

async function works(pool: Pool, count: number) {
  await until(`${count} work`, () => pool.rows().filter(({ state }) => state === 'RUNNING').length === count)
}

test('each killed process is followed by another, which stands in for the dead worker', async () => {
  const { pool, printed, said } = poolOf({ processes: 3 }, ['run'])
  await works(pool, 3)
  const [first, ...others] = pids(pool)
  process.kill(first!, 'SIGKILL')
  await until('the next one', () => printed.includes('child 1 replaces 100'))
  await works(pool, 3)
  expect(pids(pool).slice(1)).toEqual(others)
  expect(pids(pool)[0]).not.toBe(first)
  expect(said).toEqual([`p:p_00 (process ${first}) was killed by SIGKILL; starting it anew in 20ms`])
})

test('a pool whose processes die at once is quarantined, tried again, and released when one lives', async () => {
  const { pool, said, given } = poolOf({ processes: 2 }, ['crash'])
  await until('quarantine', () => said.some((line) => line.startsWith('p is quarantined')))
  // One may have been on its way when the other died for the last time.
  await until('both lie still', () => {
    const rows = pool.rows()
    const fatal = /^quarantined, a trial in .+; process \d+ was killed by SIGKILL$/
    return rows.every(({ state, description }) => state === 'FATAL' && fatal.test(description ?? ''))
  })
  await until(
    'a trial that dies as well',
    () => said.filter((line) => line.includes('One is tried in 2s')).length === 1,
  )
  given.lives = ['run']
  await until('release', () => said.includes('p is out of quarantine: a process of it lives.'))
  await works(pool, 2)
})

test('a start by hand lifts a quarantine at once', async () => {
  const { pool, said, given } = poolOf({ processes: 2 }, ['crash'], { ...TIMING, firstQuarantineMs: 600_000 })
  await until('quarantine', () => said.some((line) => line.startsWith('p is quarantined')))
  await until('the last have died', () => pool.rows().every(({ state }) => state === 'FATAL'))
  given.lives = ['run']
  expect(await pool.start()).toEqual(new Map())
  expect(states(pool.rows())).toEqual(['p:p_00 RUNNING', 'p:p_01 RUNNING'])
})

test('one process that dies again and again does not take the others with it', async () => {
  const { pool, said } = poolOf({ processes: 2 }, (name) => (name === 'p_01' ? ['crash'] : ['run']))
  await until('many deaths', () => said.length >= 6)
  expect(said.filter((line) => line.includes('quarantined'))).toEqual([])
  expect(pool.rows()[0]!.state).toBe('RUNNING')
})

test('a process that asks for it is replaced: another works before it leaves', async () => {
  const { pool, said } = poolOf({ processes: 1 }, ['ask', 'run'])
  const seen = new Set<string>()
  await until('the next one', () => {
    seen.add(states(pool.rows()).join())
    return said.length === 1 && pool.rows().length === 1 && pool.slots[0]!.isWorking
  })
  expect(said).toEqual(['p:p_00: it is full; another takes its place'])
  expect([...seen].filter((state) => !state.includes('RUNNING') && !state.includes('p:p_00 STARTING'))).toEqual([])
})

test('where the new process does not come to work, the old one goes on', async () => {
  const { pool, given } = poolOf({ processes: 2 }, ['run'])
  await works(pool, 2)
  const before = pids(pool)
  given.lives = ['fail at start']
  expect(await pool.restart()).toMatch(
    /^p:p_00: its new process \(process \d+\) ended with exit code 2; the processes that work stay as they are$/,
  )
  expect(pids(pool)).toEqual(before)
  given.lives = ['never ready']
  const impatient = poolOf({ processes: 1 }, ['run', 'never ready'], { ...TIMING, readyWithinMs: 1_500 })
  await works(impatient.pool, 1)
  expect(await impatient.pool.restart()).toMatch(/its new process \d+ did not work within 1s 500ms/)
  await until('the new one is gone', () => impatient.pool.rows().length === 1)
  await works(impatient.pool, 1)
})

test('an old process that dies while another takes its place leaves no gap behind it', async () => {
  const { pool } = poolOf({ processes: 1 }, ['run', 'run'])
  await works(pool, 1)
  const [old] = pids(pool)
  const restarted = pool.restart()
  process.kill(old!, 'SIGKILL')
  expect(await restarted).toBe(null)
  await works(pool, 1)
  expect(pids(pool)).toHaveLength(1)
})

test('one that is busy finishes its jobs beside the one in its place, until it is told to stop', async () => {
  const { pool, printed } = poolOf({ processes: 1, grace: 0 }, ['busy', 'run'])
  await works(pool, 1)
  void pool.restart()
  await until('both', () => states(pool.rows()).join() === 'p:p_00 RUNNING,p:p_00 STOPPING')
  expect(pool.rows()[1]!.description).toMatch(/^pid \d+, finishes its jobs$/)
  await until('told', () => printed.includes('child 0 was told retire'))
  await pool.end()
  expect(pool.rows().filter(({ pid }) => pid !== null)).toEqual([])
})

test('stopped by name it stays so, started by name it comes back', async () => {
  const { pool } = poolOf({ processes: 2 }, ['run'])
  await works(pool, 2)
  await pool.stop([pool.slots[1]!])
  expect(states(pool.rows())).toEqual(['p:p_00 RUNNING', 'p:p_01 STOPPED'])
  process.kill(pids(pool)[0]!, 'SIGKILL')
  await works(pool, 1)
  expect(pool.rows()[1]!.state).toBe('STOPPED')
  await pool.stop()
  expect(states(pool.rows())).toEqual(['p:p_00 STOPPED', 'p:p_01 STOPPED'])
  await pool.start([pool.slots[1]!])
  expect(states(pool.rows())).toEqual(['p:p_00 STOPPED', 'p:p_01 RUNNING'])
  await pool.start()
  expect(states(pool.rows())).toEqual(['p:p_00 RUNNING', 'p:p_01 RUNNING'])
})

test('a new configuration starts the new processes before the old ones leave', async () => {
  const { pool } = poolOf({ processes: 2, queues: 'a' }, ['run'])
  await works(pool, 2)
  const before = pids(pool)
  const least: number[] = []
  const watch = setInterval(() => least.push(pool.rows().filter(({ state }) => state === 'RUNNING').length), 5)
  onTestFinished(() => clearInterval(watch))
  expect(await pool.update(plan({ processes: 3, queues: 'a,b', concurrency: 3 }))).toBe(null)
  await works(pool, 3)
  clearInterval(watch)
  expect(Math.min(...least)).toBeGreaterThanOrEqual(2)
  expect(pids(pool).filter((pid) => before.includes(pid))).toEqual([])
  const kept = pids(pool)
  expect(await pool.update(plan({ processes: 1, queues: 'a,b', concurrency: 3 }))).toBe(null)
  await until('one is left', () => pool.rows().length === 1)
  expect(kept).toContain(pids(pool)[0])
})

test('a queue that waits gets the processes, and gives them back', async () => {
  const definition: PoolDefinition = {
    ...{ queues: 'a,b', balance: 'auto', processes: { min: 1, max: 4 } },
    ...{ concurrency: 1, cooldown: '100ms', holdDown: '100ms' },
  }
  const { pool } = poolOf(definition, ['run'])
  await works(pool, 2)
  const loads = (a: number, b: number) =>
    new Map([
      ['a', { due: a, reserved: 0, runMs: 1_000 }],
      ['b', { due: b, reserved: 0, runMs: 1_000 }],
    ])
  const serving = (queue: string) =>
    pool.rows().filter(({ queues, state }) => queues?.[0] === queue && state === 'RUNNING').length
  const waits = (a: number, b: number, until_: () => boolean) =>
    until(`${a} and ${b}`, () => {
      pool.scale(loads(a, b))
      expect(pool.rows().filter(({ state }) => state !== 'STOPPING').length).toBeLessThanOrEqual(4)
      return until_()
    })
  await waits(1_000, 0, () => serving('a') === 3 && serving('b') === 1)
  await waits(0, 1_000, () => serving('a') === 1 && serving('b') === 3)
  await waits(0, 0, () => pool.rows().length === 2 && serving('a') === 1 && serving('b') === 1)
})

test('a process that cannot stop is killed when its grace is over', async () => {
  const { pool } = poolOf({ processes: 1 }, ['ignore stop'])
  await works(pool, 1)
  const [pid] = pids(pool)
  await pool.end('stopNow')
  expect(() => process.kill(pid!, 0)).toThrow('ESRCH')
})
