import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { failAll, WORKER } from './given.ts'
import { type Installation, installation } from './support.ts'

async function withJobs(): Promise<{ faena: Installation; store: Store; uuids: string[] }> {
  const faena = installation()
  const store = await faena.store()
  const pushed = await store.push([
    newJob({ queue: 'demo', input: { order_id: 803_193 } }),
    newJob({ queue: 'demo', delayMs: 3_600_000, priority: -3 }),
    newJob({ queue: 'other', name: 'orders.sync' }),
  ])
  return { faena, store, uuids: pushed.map(({ uuid }) => uuid) }
}

describe('faena status', () => {
  test('counts per queue, and names queues that no live worker serves', async () => {
    const { faena, store } = await withJobs()
    await store.register(WORKER)
    await store.pause('demo', 'shop is down')

    expect(await faena.json('status')).toMatchObject({
      connection: 'database',
      due: 2,
      delayed: 1,
      reserved: 0,
      failed: 0,
      workers: 1,
      oldest_due: { queue: 'other', age_seconds: expect.any(Number) },
      queues: [
        { queue: 'demo', due: 1, delayed: 1, reserved: 0, workers: 1, pause_reason: 'shop is down' },
        { queue: 'other', due: 1, delayed: 0, reserved: 0, workers: 0, paused_at: null },
      ],
      unserved: ['other'],
    })
    const { code, stdout } = await faena.call('status')
    expect(code).toBe(0)
    expect(stdout).toContain('paused: shop is down')
    expect(stdout).toContain('No live worker serves queue [other]. Start one: faena work --queue other')
  })

  test('answers for an empty database', async () => {
    expect(await installation().json('status')).toMatchObject({ due: 0, queues: [], unserved: [], oldest_due: null })
  })
})

describe('faena jobs', () => {
  test('lists newest first, by queue, name and status, with the surfaced field', async () => {
    const { faena, uuids } = await withJobs()
    const ids = async (...words: string[]) =>
      ((await faena.json('jobs', ...words)) as { id: number }[]).map(({ id }) => id)
    expect(await ids()).toEqual([3, 2, 1])
    expect(await ids('--oldest', '--limit', '1')).toEqual([1])
    expect(await ids('--queue', 'demo', '--status', 'delayed')).toEqual([2])
    expect(await ids('--job', 'orders.sync')).toEqual([3])
    expect(await ids('--search', '803193')).toEqual([1])
    const [job] = (await faena.json('jobs', '--oldest')) as unknown[]
    expect(job).toEqual({
      id: 1,
      uuid: uuids[0],
      queue: 'demo',
      name: 'cases.fetch',
      display_name: 'cases.fetch',
      status: 'due',
      attempts: 0,
      max_attempts: 3,
      priority: 0,
      tags: [],
      order_id: 803_193,
      created_at: expect.stringMatching(/Z$/),
      available_at: expect.stringMatching(/Z$/),
      reserved_at: null,
      reserved_by: null,
    })
  })

  test('shows people a table with the surfaced field', async () => {
    const { faena } = await withJobs()
    const { stdout } = await faena.call('jobs')
    expect(stdout).toMatch(/ID +JOB +QUEUE +STATUS +ATTEMPTS +DUE AT +ORDER_ID +UUID/)
    expect(stdout).toMatch(/1 +cases.fetch +demo +due +0\/3 .* 803193 /)
  })

  test('what a payload says cannot steer the terminal', async () => {
    const faena = installation()
    const store = await faena.store()
    const job = newJob({ queue: 'demo' })
    await store.push([{ ...job, payload: job.payload.replace('"displayName":"', '"displayName":"\\u001b[2J\\u0007') }])
    for (const command of [['jobs'], ['show', '1'], ['why', '1']]) {
      const { stdout } = await faena.call(...command)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/)
    }
  })
})

describe('faena show and faena why', () => {
  test('tell all of a waiting job, by id and by uuid', async () => {
    const { faena, uuids } = await withJobs()
    const shown = await faena.json('show', '1')
    expect(shown).toEqual(await faena.json('show', uuids[0]!))
    expect(shown).toMatchObject({ job: { id: 1, input: { order_id: 803_193 } }, failed: null, runs: [] })
    expect(await faena.json('why', '2')).toMatchObject({
      state: 'delayed',
      reasons: [{ code: 'delayed' }, { code: 'unserved' }],
    })
    expect((await faena.call('why', '2')).stdout).toMatch(/It is delayed for another (59m|1h)/)
  })

  test('tell of a failed job with its exception and how to bring it back', async () => {
    const { faena, store, uuids } = await withJobs()
    await failAll(store, 'demo', 'MySQL server has gone away')
    const { stdout } = await faena.call('show', uuids[0]!)
    expect(stdout).toContain('MySQL server has gone away')
    expect(stdout).toContain(`faena retry ${uuids[0]}`)
    expect(await faena.json('show', uuids[0]!)).toMatchObject({ job: null, failed: { id: uuids[0], row_id: 1 } })
  })

  test('end with 3 for a job that is not there', async () => {
    const faena = installation()
    expect(await faena.call('show', '99')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'faena: NOT_FOUND: No job 99: it completed, was removed, or never was\n',
    })
    expect((await faena.call('why', '99')).code).toBe(3)
  })
})

describe('faena failed', () => {
  test("prints Laravel's keys, newest first, and ours", async () => {
    const { faena, store, uuids } = await withJobs()
    await failAll(store, 'demo', 'MySQL server has gone away')
    await failAll(store, 'other', 'No route to host')
    expect(await faena.json('queue:failed')).toMatchObject([
      {
        id: uuids[2],
        connection: 'database',
        queue: 'other',
        class: 'orders.sync',
        failed_at: expect.stringMatching(/^\d{4}-/),
      },
      { id: uuids[0], connection: 'database', queue: 'demo', class: 'cases.fetch', order_id: 803_193, row_id: 1 },
    ])
    const { stdout } = await faena.call('failed')
    expect(stdout).toMatch(
      new RegExp(`${uuids[0]} \\.+ database@demo cases.fetch\\n +Error: MySQL server has gone away  order_id 803193`),
    )
    expect(await faena.json('failed', '--error', 'GONE away')).toHaveLength(1)
    expect(await faena.json('failed', '--job', 'orders.sync', '--queue', 'demo')).toEqual([])
    expect(await faena.json('failed', '--groups')).toMatchObject([{ count: 1 }, { count: 1 }])
  })

  test('says so when nothing failed', async () => {
    const { code, stdout } = await installation().call('failed')
    expect(code).toBe(0)
    expect(stdout).toContain('INFO  No failed jobs found.')
  })
})

describe('faena monitor', () => {
  test("gives Laravel's rows, and exit code 4 on ALERT", async () => {
    const { faena } = await withJobs()
    expect(await faena.json('monitor', 'database:demo,other', '--max', '2')).toEqual([
      {
        connection: 'database',
        queue: 'demo',
        size: 2,
        pending: 1,
        delayed: 1,
        reserved: 0,
        oldest_pending: expect.any(Number),
        status: 'ALERT',
      },
      {
        connection: 'database',
        queue: 'other',
        size: 1,
        pending: 1,
        delayed: 0,
        reserved: 0,
        oldest_pending: expect.any(Number),
        status: 'OK',
      },
    ])
    expect((await faena.call('monitor', 'demo', '--max', '2')).code).toBe(4)
    expect((await faena.call('monitor', 'demo', '--max', '3')).code).toBe(0)
    expect((await faena.call('monitor')).stdout).toMatch(/\[database\] other \.+ \[1\] OK/)
  })
})

describe('faena workers and faena doctor', () => {
  test('workers lists who is alive', async () => {
    const faena = installation()
    expect(await faena.json('workers')).toEqual([])
    await (await faena.store()).register(WORKER)
    expect(await faena.json('workers')).toMatchObject([
      { id: 1, name: 'default', pid: 4_711, queues: ['demo'], state: 'running', running: 0 },
    ])
    expect((await faena.call('workers', 'quiet', '1')).stdout).toContain('1 worker told to reserve no more jobs.')
    expect((await faena.call('workers', 'stop', '9')).code).toBe(3)
  })

  test('doctor names the queue that nobody serves, as a problem: exit code 4', async () => {
    const { faena } = await withJobs()
    const { code, stdout } = await faena.call('doctor')
    expect(code).toBe(4)
    expect(stdout).toContain('problem  workers: No live worker serves queue other')
    const findings = (await faena.json('doctor')) as { level: string; topic: string; text: string }[]
    expect(findings[0]).toMatchObject({ level: 'problem', topic: 'workers', remedy: expect.any(String) })
  })

  test('doctor is content with an empty database', async () => {
    expect((await installation().call('doctor')).code).toBe(0)
  })
})
