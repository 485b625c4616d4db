import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { failure, newJob } from '../support/jobs.ts'
import { LARAVEL_TABLES } from '../support/laravel-postgres.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { ended, startWorker } from '../support/worker.ts'

async function givenStore() {
  const given = await givenSchema()
  const store = await given.store({ timeoutMs: 20_000 })
  await store.migrate()
  const sql = <Row>(text: string) => given.look.all<Row>(text.replaceAll('{}', given.schema))
  return { given, store, sql, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]() }
}

const ALL = { limit: 1_000, upTo: Number.MAX_SAFE_INTEGER }

describe('payloads', () => {
  test('of 64 MiB come back as they were pushed', { timeout: 60_000 }, async () => {
    await using here = await givenStore()
    const job = newJob({ input: 'ñ'.repeat(32 * 1024 * 1024) })

    await here.store.push([job])
    const reserved = await (await startWorker(here.store)).reserveOne({ maxBytes: 1 })

    expect(reserved.payload === job.payload).toBe(true)
  })

  test('keep every escape; an exception shows a NUL as its sign, half a surrogate pair as the replacement sign', async () => {
    await using here = await givenStore()
    const job = newJob({ input: 'a\0b\ud800c "q" \\ {} ñ' })
    await here.store.push([job])
    const worker = await startWorker(here.store)
    const reserved = await worker.reserveOne()
    expect(reserved.payload).toBe(job.payload)

    const failed = { kind: 'failed' as const, failure: { ...failure(reserved), exception: 'Error: a\0b\ud800c' } }
    expect((await worker.settle([ended(reserved, failed)])).applied).toEqual([reserved.id])

    expect(await here.store.getFailed(job.uuid)).toMatchObject({ exception: 'Error: a␀b\ufffdc', payload: job.payload })
  })

  test('come back as they were pushed, many at once, whatever characters they are made of', async () => {
    await using here = await givenStore()
    const odd = ['{"a":"\x1f"}', '\x1f', '', '{}', 'NULL', '"\\{,}"', 'x\ny\tz', '\u2028 😀']
    const plain = ['{"a":1}', 'NULL', '{"b":"\\u001f, \\"quoted\\""}', '{"a":1}', '{"a":1}']

    for (const payloads of [plain, odd, ['']]) {
      const pushed = await here.store.push(payloads.map((payload) => ({ ...newJob(), payload })))
      const stored = await Promise.all(pushed.map(({ id }) => here.store.get(id!)))
      expect(stored.map((job) => job?.payload)).toEqual(payloads)
    }
  })

  test('that have their uuid elsewhere are found by it, and not where their input speaks of one', async () => {
    await using here = await givenStore()
    const [mine, inner] = [randomUUID(), randomUUID()]
    here.sql(`insert into {}.jobs (queue, payload, attempts, available_at, created_at)
      values ('default', '{"displayName":"x","uuid":"${mine}","job":"A@b","data":{"uuid":"${inner}"}}', 0, 1, 1)`)

    expect(await here.store.get(mine)).toMatchObject({ id: 1 })
    expect(await here.store.get(inner)).toBeUndefined()
  })

  test('of another runtime whose job only a parser finds are left alone, and looked at once', async () => {
    await using here = await givenStore()
    const deep = '{"data":{"a":[1,{"b":2}]},"job":"App\\\\Legacy@fire"}'
    const ours = '{"data":{"caseId":4},"job":"faena@cases.fetch"}'
    for (const payload of [deep, ours]) {
      here.given.look.all(
        `insert into ${here.given.schema}.jobs (queue, payload, attempts, available_at, created_at) values ('default', $1, 0, 1, 1)`,
        [payload],
      )
    }
    const worker = await startWorker(here.store)

    expect((await worker.reserve()).map(({ payload }) => payload)).toEqual([ours])
    expect(await worker.reserve()).toEqual([])
    expect(here.sql(`select attempts, reserved_at from {}.jobs where id = 1`)).toEqual([
      { attempts: 0, reserved_at: null },
    ])
  })
})

describe('numbers', () => {
  test('of rows up to 2^53 - 1 are told exactly', async () => {
    await using here = await givenStore()
    const before = Number.MAX_SAFE_INTEGER - 3
    here.sql(`select setval('{}.jobs_id_seq', ${before})`)
    const pushed = await here.store.push([newJob(), newJob(), newJob()])
    expect(pushed.map(({ id }) => id)).toEqual([before + 1, before + 2, before + 3])

    const worker = await startWorker(here.store)
    const jobs = await worker.reserve()
    expect((await worker.complete(...jobs)).applied).toEqual(pushed.map(({ id }) => id))
  })

  test('of attempts end where the column does, and the job can still be settled', async () => {
    await using here = await givenStore()
    await here.store.push([newJob({ maxAttempts: 0 })])
    here.sql('update {}.jobs set attempts = 32767')
    const worker = await startWorker(here.store)

    const job = await worker.reserveOne()

    expect(job.attempts).toBe(32_767)
    expect((await worker.beat([job])).gone).toEqual([])
    expect((await worker.complete(job)).applied).toEqual([job.id])
  })

  test('of priorities may be as small as a column takes', async () => {
    await using here = await givenStore()
    await here.store.push([newJob(), newJob({ priority: -2_147_483_648 })])

    const jobs = await (await startWorker(here.store)).reserve()

    expect(jobs.map(({ priority }) => priority)).toEqual([-2_147_483_648, 0])
  })

  test('of times beyond the column are refused, and in a settlement refuse that row alone', async () => {
    await using here = await givenStore()
    const { store } = here
    const never = Number.POSITIVE_INFINITY
    for (const due of [
      { delayMs: never },
      { availableAt: Number.NaN },
      { availableAt: Date.UTC(2039, 0) },
      { delayMs: 1e12 },
    ]) {
      await expect(store.push([newJob(due)])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    }
    await store.push([newJob(), newJob()])
    const worker = await startWorker(store)
    const [first, second] = await worker.reserve()

    for (const delayMs of [never, 1e14]) {
      const settled = await worker.settle([ended(first!, { kind: 'retry', delayMs })])
      expect(settled).toMatchObject({ applied: [], lost: [], refused: [{ id: first!.id }] })
    }
    const settled = await worker.settle([
      ended(first!, { kind: 'retry', delayMs: never }),
      ended(second!, { kind: 'completed' }),
    ])

    expect(settled).toMatchObject({ applied: [second!.id], lost: [], refused: [{ id: first!.id }] })
  })
})

describe('what a worker or producer asks for', () => {
  test('may name a queue twice: its jobs are given once', async () => {
    await using here = await givenStore()
    await here.store.push([newJob(), newJob()])

    const jobs = await (await startWorker(here.store)).reserve({ queues: ['default', 'default'] })

    expect(jobs.map(({ id }) => id)).toEqual([1, 2])
  })

  test('a window without an end is refused: its key would never be free again', async () => {
    await using here = await givenStore()

    const pushing = here.store.push([newJob({ unique: { key: 'k', until: 'window' } })])

    await expect(pushing).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    expect(await here.store.counts()).toEqual([])
  })

  test('a push under a number that is past is refused, not taken for a later one', async () => {
    await using here = await givenStore()
    await here.store.push([newJob()], { pushId: { producer: 'p', seq: 2 } })

    const pushing = here.store.push([newJob()], { pushId: { producer: 'p', seq: 1 } })

    await expect(pushing).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('the same uuid from many at the same moment is stored once', async () => {
    await using here = await givenStore()
    const stores = [here.store, await here.given.store(), await here.given.store()]
    const job = newJob()

    const pushes = await Promise.allSettled(Array.from({ length: 9 }, (_, at) => stores[at % 3]!.push([job])))

    expect(pushes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(here.sql('select id from {}.jobs')).toHaveLength(1)
  })

  test('the same keys in any order from many at the same moment meet no deadlock', async () => {
    await using here = await givenStore()
    const stores = [here.store, await here.given.store(), await here.given.store()]
    const keys = Array.from({ length: 12 }, (_, at) => `case:${at}`)
    const shuffled = () => [...keys].sort(() => Math.random() - 0.5)

    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        stores[at % 3]!.push(shuffled().map((key) => newJob({ input: key, unique: { key, onTaken: 'replace' } }))),
      ),
    )

    const outcomes = answers.flat().map(({ outcome }) => outcome)
    expect(outcomes.filter((outcome) => outcome === 'dispatched')).toHaveLength(12)
    expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(132)
    expect(here.sql('select id from {}.jobs')).toHaveLength(12)
  })
})

describe('tables that Laravel truncated', () => {
  const TRUNCATE = 'truncate {}.jobs restart identity'

  test('give ids out again: a key of a job that went is free, and no other job is replaced', async () => {
    await using here = await givenStore()
    const unique = { key: 'cases.fetch:case:1', onTaken: 'replace' as const }
    await here.store.push([newJob({ unique })])
    here.sql(TRUNCATE)
    const stranger = newJob({ input: { caseId: 2 } })
    await here.store.push([stranger])

    const [pushed] = await here.store.push([newJob({ unique })])

    expect(pushed).toMatchObject({ outcome: 'dispatched', id: 2 })
    expect((await here.store.get(1))?.payload).toBe(stranger.payload)
  })

  test('blame no job for the crashes of one that had its id', async () => {
    await using here = await givenStore()
    const crash = async () => {
      const worker = await startWorker(here.store)
      const { crashes } = await worker.reserveOne()
      here.sql(`update {}.faena_workers set lease_until = 0`)
      await here.store.reclaim()
      return crashes
    }
    await here.store.push([newJob()])
    expect([await crash(), await crash()]).toEqual([0, 1])
    here.sql(TRUNCATE)
    await here.store.push([newJob()])

    expect([await crash(), await crash()]).toEqual([0, 1])
    expect(await here.store.countFailed()).toBe(0)
  })
})

describe('tables of others', () => {
  test('may have columns of our names already, but none that may not be NULL', async () => {
    await using given = await givenSchema(
      `${LARAVEL_TABLES['laravel 8 and 12']} alter table {}.jobs add column priority integer not null;`,
    )
    const store = await given.store()

    await expect(store.migrate()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('column priority'),
    })
    given.look.all(`alter table ${given.schema}.jobs alter column priority drop not null`)
    await store.migrate()

    await store.push([newJob({ priority: 2 })])
    expect(given.look.all(`select priority from ${given.schema}.jobs`)).toEqual([{ priority: 2 }])
  })

  test('whose failed jobs have no uuid: they are retried under one of their own, and keep nobody from being labelled', async () => {
    await using given = await givenSchema(LARAVEL_TABLES['laravel 7'])
    for (const data of [1, 2]) {
      given.look.all(
        `insert into ${given.schema}.failed_jobs (connection, queue, payload, exception) values ('database', 'default', $1, 'Error')`,
        [JSON.stringify({ job: 'Illuminate\\Queue\\CallQueuedHandler@call', data })],
      )
    }
    const store = await given.store()
    await store.migrate()

    expect(await store.unlabelled(10)).toEqual({ jobs: [], next: null })
    expect(await store.retry({}, ALL)).toMatchObject({ changed: 2 })

    const { rows } = await store.list({}, { limit: 10 })
    expect(new Set(rows.map(({ payload }) => (JSON.parse(payload) as { uuid: string }).uuid)).size).toBe(2)
    expect(await store.countFailed()).toBe(0)
  })

  test('a label that comes when the job has failed anew does not hide the newer one', async () => {
    await using here = await givenStore()
    const job = newJob()
    const insert = () =>
      here.given.look.all<{ id: number }>(
        `insert into ${here.given.schema}.failed_jobs (uuid, connection, queue, payload, exception)
         values ($1, 'database', 'default', $2, 'Error') returning id`,
        [job.uuid, job.payload],
      )[0]!.id
    const old = insert()
    here.sql('delete from {}.failed_jobs')
    const id = insert()
    const label = { uuid: job.uuid, name: 'Sync', fingerprint: 'f', headline: 'new', surfaced: null }
    await here.store.label([{ ...label, id }])

    await here.store.label([{ ...label, id: old, headline: 'late' }])

    expect(await here.store.getFailed(job.uuid)).toMatchObject({ id, headline: 'new' })
  })
})
