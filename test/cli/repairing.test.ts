import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { newJob, newJobs } from '../support/jobs.ts'
import { failAll } from './given.ts'
import { type Installation, installation } from './support.ts'

/** Three failed jobs: two of queue demo that could not reach a host, one of queue other whose database was gone. */
async function withFailed(): Promise<{ faena: Installation; store: Store; uuids: string[] }> {
  const faena = installation()
  const store = await faena.store()
  const pushed = await store.push([
    newJob({ queue: 'demo' }),
    newJob({ queue: 'demo' }),
    newJob({ queue: 'other', name: 'orders.sync' }),
  ])
  await failAll(store, 'demo', 'No route to host')
  await failAll(store, 'other', 'MySQL server has gone away')
  return { faena, store, uuids: pushed.map(({ uuid }) => uuid) }
}

describe('faena retry', () => {
  test('brings jobs back by uuid and by id, a line for each', async () => {
    const { faena, store, uuids } = await withFailed()
    const { code, stdout } = await faena.call('retry', uuids[0]!, '3')
    expect(code).toBe(0)
    expect(stdout).toContain('INFO  Pushing failed queue jobs back onto the queue.')
    expect(stdout).toMatch(new RegExp(`${uuids[0]} \\.+ \\S+ DONE\\n +3 \\.+ \\S+ DONE`))
    expect(await store.countFailed()).toBe(1)
    expect(await store.get(uuids[0]!)).toMatchObject({ attempts: 0, queue: 'demo', status: 'due' })
  })

  test('ends with 3 for an id that is not there, and brings the others back', async () => {
    const { faena, store } = await withFailed()
    const { code, stderr } = await faena.call('queue:retry', '1', '99')
    expect(code).toBe(3)
    expect(stderr).toContain('ERROR  Unable to find failed job with ID [99].')
    expect(await store.countFailed()).toBe(2)
    expect(await faena.json('retry', '99')).toEqual({ retried: 0, skipped: 0, missing: [99], complete: true })
  })

  test.each([
    [['all'], 3],
    [['all', '--queue', 'other'], 1],
    [['--queue', 'demo'], 2],
    [['--job', 'orders.sync'], 1],
    [['--error', 'gone AWAY'], 1],
    [['--range', '1-2', '--range', '7-9'], 2],
  ])('%j means what it says', async (words, retried) => {
    const { faena, store } = await withFailed()
    expect(await faena.json('retry', ...words)).toEqual({ retried, skipped: 0, missing: [], complete: true })
    expect(await store.countFailed()).toBe(3 - retried)
  })

  test('two thousand go back in one call', async () => {
    const faena = installation()
    const store = await faena.store()
    await store.push(newJobs(2_000, () => ({ queue: 'demo' })))
    for (let left = 2_000; left > 0; left -= 100) await failAll(store, 'demo', 'No route to host')
    expect(await store.countFailed()).toBe(2_000)
    const { code, stdout } = await faena.call('retry', 'all')
    expect({ code, said: stdout.includes('2000 jobs pushed back.') }).toEqual({ code: 0, said: true })
  })

  test('nothing to retry is no error for all, and exit code 3 for what was named', async () => {
    const faena = installation()
    const all = await faena.call('retry', 'all')
    expect({ code: all.code, said: all.stdout.includes('No retryable jobs found.') }).toEqual({ code: 0, said: true })
    const queue = await faena.call('retry', '--queue', 'demo')
    expect(queue.code).toBe(3)
    expect(queue.stderr).toContain('Unable to find failed jobs for queue [demo].')
  })

  test('ids beside a filter, and nothing at all, are refused', async () => {
    const faena = installation()
    expect((await faena.call('retry')).code).toBe(2)
    expect((await faena.call('retry', '1', '--queue', 'demo')).code).toBe(2)
  })
})

describe('faena forget, flush and prune', () => {
  test('forget deletes failed jobs by id', async () => {
    const { faena, store, uuids } = await withFailed()
    expect((await faena.call('forget', '1')).stdout).toContain('Failed job deleted successfully.')
    const { code, stderr } = await faena.call('queue:forget', '1')
    expect({ code, said: stderr.includes('No failed job matches the given ID.') }).toEqual({ code: 3, said: true })
    expect(await faena.json('forget', uuids[1]!, '3')).toEqual({ deleted: 2, missing: [] })
    expect(await store.countFailed()).toBe(0)
  })

  test('flush deletes all, or those of a queue, or old ones', async () => {
    const { faena, store } = await withFailed()
    expect((await faena.call('flush', '--hours', '1')).stdout).toContain(
      'All jobs that failed more than 1 hours ago have been deleted successfully.',
    )
    expect(await store.countFailed()).toBe(3)
    expect(await faena.json('flush', '--queue', 'other')).toEqual({ deleted: 1, complete: true })
    expect((await faena.call('queue:flush')).stdout).toContain('All failed jobs deleted successfully.')
    expect(await store.countFailed()).toBe(0)
  })

  test("prune leaves failed jobs alone unless --hours says otherwise; queue:prune-failed takes Laravel's 24", async () => {
    const { faena, store } = await withFailed()
    expect((await faena.call('prune')).stdout).not.toContain('entries deleted')
    expect((await faena.call('queue:prune-failed')).stdout).toContain('0 entries deleted.')
    expect(await store.countFailed()).toBe(3)
  })
})

describe('faena clear', () => {
  test('removes pending, delayed and reserved jobs of the queues that are named, and keeps failed ones', async () => {
    const { faena, store } = await withFailed()
    await store.push([
      newJob({ queue: 'a' }),
      newJob({ queue: 'b', delayMs: 60_000 }),
      newJob({ queue: 'c' }),
      newJob(),
    ])
    expect((await faena.call('queue:clear', 'database', '--queue=a,b', '--force')).stdout).toContain(
      'Cleared 2 jobs from the [a, b] queues.',
    )
    expect((await faena.call('clear')).stdout).toContain('Cleared 1 job from the [default] queue.')
    expect((await store.counts()).map(({ queue }) => queue)).toEqual(['c'])
    expect(await store.countFailed()).toBe(3)
  })

  test('in production it needs --force', async () => {
    const faena = installation({ NODE_ENV: 'production' })
    const store = await faena.store()
    await store.push([newJob({ queue: 'a' })])
    const { code, stderr } = await faena.call('clear', '--queue', 'a')
    expect(code).toBe(2)
    expect(stderr).toContain('In production (NODE_ENV) this needs --force')
    expect(await store.counts()).toHaveLength(1)
    expect((await faena.call('clear', '--queue', 'a', '--force')).code).toBe(0)
  })
})

describe('faena cancel, run-now and change', () => {
  test('alter waiting jobs by id and uuid', async () => {
    const faena = installation()
    const store = await faena.store()
    const [first, second] = await store.push([newJob({ delayMs: 3_600_000 }), newJob()])
    expect(await faena.json('run-now', first!.uuid)).toEqual({ made_due: 1, skipped: 0, missing: [], complete: true })
    expect(await store.get(1)).toMatchObject({ status: 'due' })
    expect((await faena.call('change', '2', '--queue', 'slow', '--priority', '4', '--delay', '2h')).code).toBe(0)
    expect(await store.get(2)).toMatchObject({ queue: 'slow', priority: 4, status: 'delayed' })
    expect((await faena.call('change', '2')).code).toBe(2)
    expect(await faena.json('cancel', second!.uuid, '99')).toMatchObject({ cancelled: 1, missing: [99] })
    expect((await faena.call('cancel', '99')).code).toBe(3)
    expect(await store.get(2)).toBeUndefined()
  })
})

describe('faena pause and resume', () => {
  test("take queues as Laravel writes them, or all that are known, and say it in Laravel's words", async () => {
    const faena = installation()
    const store = await faena.store()
    await store.push([newJob({ queue: 'a' }), newJob({ queue: 'b' })])
    expect((await faena.call('queue:pause', 'database:a', '--reason', 'shop is down')).stdout).toContain(
      'Job processing on queue [database:a] has been paused.',
    )
    expect(await store.queues()).toMatchObject([
      { queue: 'a', pausedAt: expect.any(Number), pauseReason: 'shop is down' },
      { queue: 'b', pausedAt: null },
    ])
    expect((await faena.call('queue:continue', 'a')).stdout).toContain('[database:a] has been resumed.')
    expect(await faena.json('pause', '--all')).toEqual({ paused: ['a', 'b'] })
    expect((await faena.call('pause')).code).toBe(2)
  })
})

test('migrate --dry-run prints the statements and touches nothing; migrate does it; again there is nothing to do', async () => {
  const faena = installation()
  const dry = await faena.call('migrate', '--dry-run')
  expect(dry.stdout).toMatch(/create table if not exists jobs \(/)
  expect(await faena.json('migrate', '--dry-run')).toMatchObject({ from: 0, dry_run: true })
  expect((await faena.call('migrate')).stdout).toContain('from version 0 to')
  expect((await faena.call('migrate')).stdout).toContain('Nothing to migrate')
})
