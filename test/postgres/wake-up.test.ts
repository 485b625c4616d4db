import { once } from 'node:events'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { Connection } from '../../src/stores/postgres/connection.ts'
import { notificationsArrive } from '../../src/stores/postgres/listener.ts'
import { ownSource } from '../../src/stores/postgres/source.ts'
import { newJob } from '../support/jobs.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'

/** Resolves when the store is woken for the `count`th time from now. */
function woken(store: Store, count = 1): { heard: Promise<void>; end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = store.listen!(() => {
    count -= 1
    if (count === 0) resolve()
  })
  return { heard: promise, end }
}

/** The server's processes that listen for this test's schema. */
function listeners({ look, schema }: GivenSchema): number[] {
  return look
    .all<{ pid: number }>(`select pid from pg_stat_activity where application_name = $1 and query like '%listen%'`, [
      schema,
    ])
    .map(({ pid }) => pid)
}

async function two(given: GivenSchema): Promise<{ worker: Store; web: Store }> {
  const url = `${given.url}?application_name=${given.schema}`
  const worker = await given.store({ url })
  await worker.migrate()
  return { worker, web: await given.store() }
}

describe('notifications', () => {
  test('a push wakes whoever listens in another process', async () => {
    await using given = await givenSchema()
    const { worker, web } = await two(given)
    // The first wake-up says that the listener is there.
    const ready = woken(worker)
    await ready.heard
    const { heard, end } = woken(worker)

    await web.push([newJob()])

    await heard
    end()
    ready.end()
  })

  test('they arrive under the longest of names too', async () => {
    await using given = await givenSchema()
    const names = { prefix: 'p'.repeat(30), schema: given.schema.padEnd(63, 'x') }
    const [worker, web] = [await given.store(names), await given.store(names)]
    await worker.migrate()
    const ready = woken(worker)
    await ready.heard
    const { heard, end } = woken(worker)

    await web.push([newJob()])

    await heard
    for (const each of [end, ready.end]) each()
    given.look.all(`drop schema ${names.schema} cascade`)
  })

  test('notify wakes whoever listens in another process, for jobs of the application’s transaction', async () => {
    await using given = await givenSchema()
    const { worker, web } = await two(given)
    const ready = woken(worker)
    await ready.heard
    const { heard, end } = woken(worker)
    const client = await given.client()
    await client.query('begin')
    await web.push([newJob()], { tx: client })
    await client.query('commit')

    web.notify!()

    await heard
    end()
    ready.end()
  })

  test('many pushes make few notifications, and the last one is not forgotten', async () => {
    await using given = await givenSchema()
    const { worker, web } = await two(given)
    const ready = woken(worker)
    await ready.heard
    const listener = await given.client()
    await listener.query(`listen "faena_${given.schema}"`)
    let notified = 0
    listener.on('notification', () => {
      notified += 1
    })

    for (let count = 0; count < 100; count += 1) await web.push([newJob()])
    await once(listener, 'notification')
    const { heard, end } = woken(worker)
    await web.push([newJob()])
    await heard

    expect(notified).toBeLessThan(50)
    end()
    ready.end()
  })

  test('the listener comes back when its connection is cut, and wakes everybody then', async () => {
    await using given = await givenSchema()
    const { worker, web } = await two(given)
    const ready = woken(worker)
    await ready.heard
    const again = woken(worker)
    const [pid] = listeners(given)

    given.look.all('select pg_terminate_backend($1)', [pid])
    await again.heard

    expect(listeners(given)).not.toContain(pid)
    const { heard, end } = woken(worker)
    await web.push([newJob()])
    await heard
    for (const each of [end, again.end, ready.end]) each()
  })

  test('one connection listens, however many do so in a process, and none when nobody does', async () => {
    await using given = await givenSchema()
    const { worker } = await two(given)
    const all = [woken(worker), woken(worker), woken(worker)]
    await Promise.all(all.map(({ heard }) => heard))
    expect(listeners(given)).toHaveLength(1)

    for (const { end } of all) end()

    await expect.poll(() => listeners(given)).toEqual([])
  })

  test('a store without notifications wakes its own process all the same', async () => {
    await using given = await givenSchema()
    const store = await given.store({ notifications: false })
    await store.migrate()
    const { heard, end } = woken(store)

    await store.push([newJob()])

    await heard
    end()
  })

  test('where they do not arrive, the test of them says so', async () => {
    await using given = await givenSchema()
    const admin = await given.client()
    await admin.query(`create database ${given.schema}_other`)
    const source = ownSource({ connectionString: given.url }, 5_000)
    const connection = new Connection(source, 5_000)
    // Notifications stay within a database: a listener in another one is as deaf as behind a pooler.
    const other = new URL(given.url)
    other.pathname = `/${given.schema}_other`
    const listener = async () => new pg.Client({ connectionString: other.href }) as never

    expect(await notificationsArrive(source, connection)).toBe(true)
    expect(await notificationsArrive({ ...source, listener }, connection)).toBe(false)

    await connection.close()
    await admin.query(`drop database ${given.schema}_other with (force)`)
  })

  test('are sent after the push is stored, and not for a push in the caller’s transaction', async () => {
    await using given = await givenSchema()
    const { worker, web } = await two(given)
    const ready = woken(worker)
    await ready.heard
    const client = await given.client()
    let wakes = 0
    const end = worker.listen!(() => {
      wakes += 1
    })
    await client.query('begin')
    await web.push([newJob()], { tx: client })
    await client.query('commit')
    expect(wakes).toBe(0)

    const { heard, end: endToo } = woken(worker)
    await web.push([newJob()])
    await heard

    expect(wakes).toBe(1)
    for (const each of [end, endToo, ready.end]) each()
  })
})
