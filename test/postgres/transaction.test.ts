import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { ended, startWorker } from '../support/worker.ts'

async function given() {
  const schema = await givenSchema()
  const store = await schema.store({ timeoutMs: 1_000 })
  await (await schema.store({ timeoutMs: 20_000 })).migrate()
  return {
    store,
    url: schema.url,
    look: (text: string) => schema.look.all(text.replaceAll('{}', schema.schema)),
    async begun() {
      const tx = await schema.client()
      await tx.query('begin')
      return tx
    },
    [Symbol.asyncDispose]: () => schema[Symbol.asyncDispose](),
  }
}

const unique = { key: 'case:1' }

describe('in the application’s transaction', () => {
  test('a key that another transaction holds is waited for, and no longer than a call may take', async () => {
    await using here = await given()
    const [first, second] = [await here.begun(), await here.begun()]
    await here.store.push([newJob({ unique })], { tx: first })

    const push = here.store.push([newJob({ unique })], { tx: second })

    await expect(push).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      inDoubt: false,
      message: /for 800 ms.*roll back/,
    })
    await second.query('rollback')
    await first.query('commit')
    expect(await here.store.counts()).toMatchObject([{ due: 1 }])
  })

  test('a job that another transaction completes is waited for, and no longer either', async () => {
    await using here = await given()
    await here.store.push([newJob()])
    const worker = await startWorker(here.store)
    const completed = [ended(await worker.reserveOne(), { kind: 'completed' })]
    const [first, second] = [await here.begun(), await here.begun()]
    await worker.settle(completed, { tx: first })

    await expect(worker.settle(completed, { tx: second })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    await second.query('rollback')
    await first.query('commit')
    expect(await here.store.counts()).toEqual([])
  })

  test('a completion that stays open keeps a dead worker’s other jobs, and other workers’, from nobody', async () => {
    await using here = await given()
    await here.store.push([newJob(), newJob(), newJob()])
    const [worker, other] = [await startWorker(here.store), await startWorker(here.store)]
    const [held, beside] = await worker.reserve({ limit: 2 })
    const [third] = await other.reserve()
    const tx = await here.begun()
    await worker.settle([ended(held!, { kind: 'completed' })], { tx })
    here.look('update {}.faena_workers set lease_until = 0')

    expect(await here.store.reclaim()).toMatchObject({ workers: [other.id], returned: 2 })
    expect((await here.store.get(beside!.id))?.status).toBe('due')
    expect((await here.store.get(third!.id))?.status).toBe('due')
    await tx.query('commit')
    expect(await here.store.reclaim()).toMatchObject({ workers: [worker.id], returned: 0 })
    expect(await here.store.get(held!.id)).toBeUndefined()
  })

  test.each(['0', '7s'])('lock_timeout is %s before and after', async (setting) => {
    await using here = await given()
    const tx = await here.begun()
    await tx.query(`set local lock_timeout = '${setting}'`)
    const known = newJob({ unique })

    await here.store.push([known], { tx })
    const afterPush = await tx.query('show lock_timeout')
    await expect(here.store.push([known], { tx })).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
    const afterError = await tx.query('show lock_timeout')
    await tx.query('commit')

    expect([afterPush.rows, afterError.rows]).toEqual([[{ lock_timeout: setting }], [{ lock_timeout: setting }]])
    expect(await here.store.counts()).toMatchObject([{ due: 1 }])
  })

  test('a deadlock and a serialization failure are the application’s, as the server told them', async () => {
    await using here = await given()
    await here.store.push([newJob({ unique: { key: 'case:1' } }), newJob({ unique: { key: 'case:2' } })])
    const [first, second] = [await here.begun(), await here.begun()]
    const replacing = (key: string) => [newJob({ unique: { key, onTaken: 'replace' } })]
    await here.store.push(replacing('case:1'), { tx: first })
    await second.query("set local deadlock_timeout = '50ms'")
    await here.store.push(replacing('case:2'), { tx: second })

    const waiting = here.store.push(replacing('case:2'), { tx: first })
    await expect(here.store.push(replacing('case:1'), { tx: second })).rejects.toMatchObject({ code: '40P01' })

    await second.query('rollback')
    expect(await waiting).toMatchObject([{ outcome: 'replaced' }])
    await first.query('commit')
  })
})

test('tx is refused where it would not be part of a transaction', async () => {
  await using here = await given()
  const idle = await here.begun()
  await idle.query('rollback')
  const pool = new pg.Pool({ connectionString: here.url })
  const push = (tx: unknown) => here.store.push([newJob()], { tx })

  await expect(push(idle)).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /no transaction open/ })
  await expect(push(pool)).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /tx is a pool/ })
  for (const tx of [null, 7, 'tx', {}, { query: 1 }, () => {}]) {
    await expect(push(tx)).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message: /not a PostgreSQL transaction/ })
  }

  expect(await here.store.counts()).toEqual([])
  await pool.end()
})
