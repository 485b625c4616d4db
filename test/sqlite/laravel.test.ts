import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { testClock } from '../support/clock.ts'
import { newJob } from '../support/jobs.ts'
import { startWorker } from '../support/worker.ts'
import { numberOf, testFolder } from './support.ts'

/** The tables as Laravel's own migrations make them. `uuid` of old installations may be NULL. */
function laravelTables(database: DatabaseSync, uuid = 'varchar not null'): void {
  database.exec(`
    create table "jobs" ("id" integer primary key autoincrement not null, "queue" varchar not null, "payload" text not null,
      "attempts" integer not null, "reserved_at" integer, "available_at" integer not null, "created_at" integer not null);
    create index "jobs_queue_index" on "jobs" ("queue");
    create table "failed_jobs" ("id" integer primary key autoincrement not null, "uuid" ${uuid}, "connection" text not null,
      "queue" text not null, "payload" text not null, "exception" text not null, "failed_at" datetime not null default CURRENT_TIMESTAMP);
    create unique index "failed_jobs_uuid_unique" on "failed_jobs" ("uuid");
    create table "job_batches" ("id" varchar not null, "name" varchar not null, "total_jobs" integer not null,
      "pending_jobs" integer not null, "failed_jobs" integer not null, "failed_job_ids" text not null, "options" text,
      "cancelled_at" integer, "created_at" integer not null, "finished_at" integer, primary key ("id"));`)
}

const UUID = 'c31e636d-5163-4708-bae0-0bb11ff09f60'

function phpPayload(uuid: string | undefined = UUID): string {
  const data = { commandName: 'App\\Jobs\\SyncOrder', command: 'O:18:"App\\Jobs\\SyncOrder":1:{s:7:"orderId";i:7;}' }
  return JSON.stringify({ uuid, displayName: data.commandName, job: 'Illuminate\\Queue\\CallQueuedHandler@call', data })
}

const ALL = { limit: 100, upTo: Number.MAX_SAFE_INTEGER }

describe('a database that Laravel made', () => {
  test('is taken over as it stands: its rows stay, Laravel goes on inserting, our columns stand last', async () => {
    await using folder = await testFolder()
    const database = folder.database()
    laravelTables(database)
    const insert = database.prepare(
      'insert into jobs (queue, payload, attempts, available_at, created_at) values (?, ?, 0, 1, 1)',
    )
    insert.run('default', phpPayload())

    const store = await folder.opened()
    insert.run('default', phpPayload('9bfb13f8-b122-4c9a-904f-f422dc7b5cef'))
    const job = newJob()
    await store.push([job])

    expect((await store.get(UUID))?.payload).toBe(phpPayload())
    expect((await (await startWorker(store)).reserve()).map(({ payload }) => payload)).toEqual([job.payload])
    const columns = database.prepare(`select name from pragma_table_info('jobs')`).all()
    expect(columns.map(({ name }) => name).join()).toBe(
      'id,queue,payload,attempts,reserved_at,available_at,created_at,name,max_attempts,priority,reserved_by,in_block',
    )
  })

  test('may have columns of our names already, but none that may not be NULL', async () => {
    await using folder = await testFolder()
    const database = folder.database()
    laravelTables(database)
    database.exec(
      'alter table jobs add column name text; alter table jobs add column priority integer not null default 0',
    )

    await expect(folder.opened()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('column priority'),
    })
    expect(numberOf(database, `select count(*) from sqlite_schema where name like 'faena%'`)).toBe(0)
    database.exec('alter table jobs drop column priority')

    await (await folder.opened()).push([newJob({ priority: 2 })])
    expect(numberOf(database, 'select priority from jobs')).toBe(2)
  })

  test('whose failed jobs have no uuid: they are retried under one of their own, and keep nobody from being labelled', async () => {
    await using folder = await testFolder()
    const database = folder.database()
    laravelTables(database, 'varchar')
    const insert = database.prepare(
      `insert into failed_jobs (connection, queue, payload, exception) values ('database', 'default', ?, 'Error')`,
    )
    insert.run(phpPayload())
    insert.run(JSON.stringify({ job: 'Illuminate\\Queue\\CallQueuedHandler@call', data: 1 }))
    insert.run(JSON.stringify({ job: 'Illuminate\\Queue\\CallQueuedHandler@call', data: 2 }))
    const store = await folder.opened()

    expect(await store.unlabelled(10)).toEqual({ jobs: [], next: null })
    expect(await store.retry({}, ALL)).toMatchObject({ changed: 3 })

    const uuids = (await store.list({}, { limit: 10 })).rows.map(
      ({ payload }) => (JSON.parse(payload) as { uuid: string }).uuid,
    )
    expect(uuids).toContain(UUID)
    expect(new Set(uuids).size).toBe(3)
    expect(uuids.every((uuid) => uuid.length === 36)).toBe(true)
    expect(await store.countFailed()).toBe(0)
  })

  test('whose jobs Laravel truncates gives ids out again: a key of a job that went is free, and no other job is replaced', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const unique = { key: 'cases.fetch:case:1', onTaken: 'replace' as const }
    await store.push([newJob({ unique })])
    folder.database().exec(`delete from sqlite_sequence where name = 'jobs'; delete from jobs`)
    const stranger = newJob({ input: { caseId: 2 } })
    await store.push([stranger])

    const [pushed] = await store.push([newJob({ unique })])

    expect(pushed).toMatchObject({ outcome: 'dispatched', id: 2 })
    expect((await store.get(1))?.payload).toBe(stranger.payload)
  })

  test('nor is a job blamed for the crashes of one that had its id', async () => {
    await using folder = await testFolder()
    const clock = { now: Date.now() }
    const store = await folder.opened({ clock: () => clock.now })
    const crash = async () => {
      const worker = await startWorker(store, { leaseMs: 1_000 })
      const { crashes } = await worker.reserveOne()
      clock.now += 1_001
      await store.reclaim()
      return crashes
    }
    await store.push([newJob()])
    expect([await crash(), await crash()]).toEqual([0, 1])
    folder.database().exec(`delete from sqlite_sequence where name = 'jobs'; delete from jobs`)
    await store.push([newJob()])

    expect([await crash(), await crash()]).toEqual([0, 1])
    expect(await store.countFailed()).toBe(0)
  })
})

describe('retry_after', () => {
  test('a running job in a table that Laravel made is renewed in time for it; in one of ours, where it is configured', async () => {
    const clock = testClock()
    for (const [laravel, retryAfterMs, renewed] of [
      [true, undefined, true],
      [false, undefined, false],
      [false, 90_000, true],
    ] as const) {
      await using folder = await testFolder()
      const database = folder.database()
      if (laravel) laravelTables(database)
      const store = await folder.opened({ clock: clock.now, retryAfterMs })
      await store.push([newJob()])
      const worker = await startWorker(store, { leaseMs: 3_600_000 })
      const job = await worker.reserveOne()
      const reservedAt = () => numberOf(database, 'select reserved_at from jobs')
      const before = reservedAt()

      clock.advance(29_000)
      await worker.beat([job])
      expect(reservedAt()).toBe(before)
      clock.advance(1_000)
      await worker.beat([job])

      expect(reservedAt(), `${laravel} ${retryAfterMs}`).toBe(before + (renewed ? 30 : 0))
      expect((await worker.complete(job)).applied).toEqual([job.id])
    }
  })

  test('what PHP’s workers left reserved is given back after it, attempts as they are, where it is configured', async () => {
    const clock = testClock()
    await using folder = await testFolder()
    const database = folder.database()
    laravelTables(database)
    const [silent, told] = [
      await folder.opened({ clock: clock.now }),
      await folder.opened({ clock: clock.now, retryAfterMs: 90_000 }),
    ]
    const second = Math.floor(clock.now() / 1_000)
    const insert = database.prepare(
      'insert into jobs (queue, payload, attempts, reserved_at, available_at, created_at) values (?, ?, 2, ?, 1, 1)',
    )
    for (const age of [90, 89]) insert.run('default', phpPayload(), second - age)

    expect((await silent.reclaim()).returned).toBe(0)
    expect((await told.reclaim()).returned).toBe(1)

    expect(database.prepare('select attempts, reserved_at from jobs order by id').all()).toMatchObject([
      { attempts: 2, reserved_at: null },
      { attempts: 2, reserved_at: second - 89 },
    ])
  })
})

describe('a label for a failed job', () => {
  test('that comes when the job has failed anew does not hide the newer one', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const database = folder.database()
    const insert = database.prepare(
      `insert into failed_jobs (uuid, connection, queue, payload, exception) values ('${UUID}', 'database', 'default', ?, 'Error')`,
    )
    insert.run(phpPayload())
    const {
      jobs: [old],
    } = await store.unlabelled(1)
    database.exec('delete from failed_jobs')
    insert.run(phpPayload())
    const label = { uuid: UUID, name: 'Sync', fingerprint: 'f', headline: 'new', surfaced: null }
    await store.label([{ ...label, id: 2 }])

    await store.label([{ ...label, id: old!.id, headline: 'late' }])

    expect(await store.getFailed(UUID)).toMatchObject({ id: 2, headline: 'new' })
  })
})
