import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ownModule } from '../../src/core/own-file.ts'
import { failedConditions, jobConditions } from '../../src/stores/sql/filter.ts'
import { isSpread } from '../../src/stores/sql/metrics.ts'
import { raw, type Sql, sql, statementText } from '../../src/stores/sql/sql.ts'
import { Connection } from '../../src/stores/sqlite/connection.ts'
import { DIALECT } from '../../src/stores/sqlite/dialect.ts'
import { MAY_GO_ON, steadyMs } from '../../src/stores/sqlite/limit.ts'
import { ThreadedReader } from '../../src/stores/sqlite/reader.ts'
import type { Asked } from '../../src/stores/sqlite/reader-thread.ts'
import { apiOn } from '../http/support.ts'
import { FETCH, newJob, newJobs } from '../support/jobs.ts'
import { numberOf, type TestFolder, testFolder, turn } from './support.ts'

/** Two jobs with so many ids between them that the tables count as large. */
async function large(folder: TestFolder): Promise<void> {
  const store = await folder.opened()
  await store.push([newJob()])
  folder.database().exec(`update sqlite_sequence set seq = 1000000 where name = 'jobs'`)
  await store.push([newJob()])
}

async function reading(folder: TestFolder, idleMs?: number, timeoutMs = 10_000) {
  const connection = new Connection(folder.file, 1_000)
  await connection.open()
  return { connection, reader: new ThreadedReader(connection, timeoutMs, idleMs) }
}

const COUNT = raw('select count(*) as count from jobs')
/** A table of so many rows, all with odd ids, that it would be looked through for hours. */
const ENDLESS = raw(
  `with recursive endless(id, payload, exception) as (select 1, '', '' union all select id + 2, '', '' from endless)`,
)

describe('reads of large tables', () => {
  test('run in a thread, many at a time, and see what was committed before', async () => {
    await using folder = await testFolder()
    await large(folder)
    const store = await folder.opened()

    const answers = await Promise.all(Array.from({ length: 20 }, () => store.counts()))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    await store.push([newJob()])

    expect(await store.counts()).toMatchObject([{ due: 3 }])
  })

  test('are told apart from small ones by looking at the ends of the tables, never at all of their rows', async () => {
    await using folder = await testFolder()
    await large(folder)
    const seen: string[] = []
    const { connection, reader } = await reading(folder)
    const { get } = connection
    connection.get = (text, ...values) => {
      seen.push(text)
      return get.call(connection, text, ...values)
    }

    await reader.all(COUNT)

    expect(seen).not.toEqual([])
    for (const text of seen) {
      const plan = connection.all(`explain query plan ${text}`).map(({ detail }) => String(detail))
      expect(plan.filter((step) => /^SCAN (?!CONSTANT)/.test(step))).toEqual([])
    }
    await reader.close()
    await connection.close()
  })

  test('never are all metrics looked at for those to put together: three ranges of their key are', async () => {
    await using folder = await testFolder()
    await folder.opened()
    const { connection, reader } = await reading(folder)
    const spread = isSpread({ total: sql`${1}`, hours: sql`${3}`, merged: sql`${5}` }, { hours: 2, merged: 4 })
    const { values } = spread
    const text = statementText(sql`explain query plan select 1 from faena_metrics where ${spread}`, 'question')

    const plan = connection.all(text, ...(values as number[])).map(({ detail }) => String(detail))

    const range = 'SEARCH faena_metrics USING PRIMARY KEY (minute>? AND minute<?)'
    expect(plan.filter((step) => /^(SCAN|SEARCH)/.test(step))).toEqual([range, range, range])
    await reader.close()
    await connection.close()
  })

  test('that fail say so, and the next ones are answered', async () => {
    await using folder = await testFolder()
    await large(folder)
    const { connection, reader } = await reading(folder)

    await expect(reader.all(raw('select * from nowhere'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    expect(await reader.all(COUNT)).toEqual([{ count: 2 }])
    await reader.close()
    await connection.close()
  })

  test('are answered though the thread of earlier ones is just ending for want of work', async () => {
    await using folder = await testFolder()
    await large(folder)
    const { connection, reader } = await reading(folder, 0)

    for (let round = 0; round < 5; round++) {
      expect(await reader.all(COUNT)).toEqual([{ count: 2 }])
      // The idle timer of 0 ms fires in the same turn in which the next read begins.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await reader.close()
    await connection.close()
  })

  test('are ended when they take too long, and the thread is free for the next', async () => {
    await using folder = await testFolder()
    await large(folder)
    const { connection, reader } = await reading(folder, undefined, 500)
    const conditions = [
      jobConditions(DIALECT, { search: 'nowhere' }, 0),
      failedConditions(DIALECT, { error: 'no' }, String),
    ]

    for (const [at, alias] of ['j', 'f'].entries()) {
      const endless = sql`${ENDLESS} select count(*) from endless ${raw(alias)} where ${conditions[at]!}`
      await expect(reader.all(endless)).rejects.toMatchObject({ code: 'READ_TIMED_OUT' })
      expect(await reader.all(COUNT)).toEqual([{ count: 2 }])
    }
    await reader.close()
    await connection.close()
  })

  test('that waited behind another for too long are not begun', async () => {
    await using folder = await testFolder()
    await large(folder)
    const thread = new Worker(ownModule('stores/sqlite/reader-thread'), { workerData: { path: folder.file } })
    onTestFinished(async () => void (await thread.terminate()))
    const answers = on(thread, 'message')
    const until = steadyMs() + 500
    const ask = (number: number, statement: Sql, until: number) =>
      thread.postMessage({ number, text: statementText(statement, 'question'), values: [], until } satisfies Asked)

    // The first is given up at that moment at the earliest, when nobody waits for the second any more either.
    ask(1, sql`${ENDLESS} select count(*) from endless where ${raw(MAY_GO_ON)}() and id = 0`, until)
    ask(2, COUNT, until)
    ask(3, COUNT, until + 60_000)

    const { value: first } = await answers.next()
    const { value: second } = await answers.next()
    const { value: third } = await answers.next()
    expect(first).toEqual([{ number: 1, error: 'its time was over', ended: true }])
    expect(second).toEqual([{ number: 2, error: 'its time was over', ended: true }])
    expect(third).toEqual([{ number: 3, rows: [{ count: 2 }] }])
  })

  test('that take too long are a 503 to a client of the API', async () => {
    await using folder = await testFolder()
    await large(folder)
    // Before its thread has begun, that time is over.
    const impatient = () => folder.opened({ timeoutMs: 1 })
    await using api = await apiOn({ store: await impatient(), close: async () => {} })

    const list = (await impatient()).list({ search: 'nowhere' }, { limit: 10 })
    await expect(list).rejects.toMatchObject({ code: 'READ_TIMED_OUT' })

    const answer = await api.get('jobs?q=nowhere')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ success: false, code: 'READ_TIMED_OUT' })
  })

  test('that are under way when the store is closed are answered first', async () => {
    await using folder = await testFolder()
    await large(folder)
    const store = await folder.opened()
    const list = store.list({ search: 'nowhere' }, { limit: 10 })
    // Until it is past the connection and with the thread.
    await turn()
    const closed = store.close()

    await expect(store.counts()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    expect((await list).rows).toEqual([])
    await closed
  })

  test('do not keep a process alive that has nothing else to do', async () => {
    await using folder = await testFolder()
    await large(folder)
    const source = `
      import { sqliteStore } from ${JSON.stringify(new URL('../../src/stores/sqlite/store.ts', import.meta.url).href)}
      const store = sqliteStore({ path: ${JSON.stringify(folder.file)} })
      await store.open()
      store.listen(() => {})
      console.log(JSON.stringify(await store.counts()))`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
    })

    const [code] = await once(child, 'close')

    expect({ code, counts: JSON.parse(text) }).toMatchObject({ code: 0, counts: [{ due: 2 }] })
  })
})

describe('a job is found by its uuid', () => {
  const uuid = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'
  const odd = JSON.stringify({ displayName: FETCH, job: `faena@${FETCH}`, data: null, uuid })

  test.each([
    ['where another key stands first', odd],
    ['where somebody else’s JSON has spaces', `{ "uuid": "${uuid}", "job": "faena@${FETCH}" }`],
    ['where it is written with escapes', odd.replace('0a1b', '\\u0030a1b')],
  ])('%s, in every command', async (_, payload) => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push(newJobs(3))
    const database = folder.database()
    database
      .prepare(`insert into jobs (queue, payload, attempts, available_at, created_at) values ('default', ?, 0, 0, 0)`)
      .run(payload)
    const chunk = { limit: 10, upTo: 100 }

    expect(await store.get(uuid)).toMatchObject({ id: 4, payload })
    expect((await store.list({ refs: [uuid, 1] }, { limit: 10 })).rows.map(({ id }) => id)).toEqual([4, 1])
    expect(await store.change({ refs: [uuid] }, { queue: 'slow' }, chunk)).toMatchObject({ changed: 1 })
    expect(await store.remove({ refs: [uuid] }, chunk)).toMatchObject({ changed: 1 })
    expect(numberOf(database, 'select count(*) from jobs')).toBe(3)
  })

  test('and not where another job’s input speaks of it, or its payload is no JSON', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob({ input: { uuid } })])
    const insert = folder
      .database()
      .prepare(`insert into jobs (queue, payload, attempts, available_at, created_at) values ('default', ?, 0, 0, 0)`)
    insert.run(JSON.stringify({ job: `faena@${FETCH}`, data: { uuid } }))
    insert.run(`{ "uuid": "${uuid}"`)

    expect(await store.get(uuid)).toBeUndefined()
  })

  test('and a failed one does not come back beside its live copy, wherever that has its uuid', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const database = folder.database()
    database
      .prepare(`insert into jobs (queue, payload, attempts, available_at, created_at) values ('default', ?, 0, 0, 0)`)
      .run(odd)
    database
      .prepare(
        `insert into failed_jobs (uuid, connection, queue, payload, exception) values (?, 'database', 'default', ?, 'Error')`,
      )
      .run(uuid, odd)

    expect(await store.retry({}, { limit: 10, upTo: 10 })).toMatchObject({ changed: 0, skipped: 1 })
  })
})

describe('filters', () => {
  test('take more refs than a statement of SQLite takes values', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const jobs = newJobs(40)
    await store.push(jobs)
    const strangers = newJobs(40_000).map(({ uuid }) => uuid)
    const refs = [...Array.from({ length: 40_000 }, (_, at) => at + 21), ...strangers, jobs[0]!.uuid]

    expect((await store.list({ refs }, { limit: 100 })).rows).toHaveLength(21)
    expect(await store.remove({ refs }, { limit: 100, upTo: 100 })).toMatchObject({ changed: 21 })
    expect((await store.listFailed({ refs }, { limit: 100 })).rows).toEqual([])
  })

  test('find literal text only: LIKE’s signs and the case of letters are taken as they stand', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob({ input: 'a_b%c' }), newJob({ input: 'aXbXc' }), newJob({ input: 'A_B%C' })])
    const found = async (search: string) => (await store.list({ search }, { limit: 10 })).rows.map(({ id }) => id)

    expect(await found('a_b%c')).toEqual([1])
    expect(await found('_b%')).toEqual([1])
    expect(await found('B%')).toEqual([3])
    expect(await found('c\0')).toEqual([])
    expect(await found('x'.repeat(60_000))).toEqual([])
  })

  test('by name take names with signs that mean something to LIKE or to JSON as they stand', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const names = ['a_b', 'axb', 'a%', 'say "hi"', 'a\\b', 'día.ñ']
    await store.push(names.map((name) => newJob({ name })))
    folder.database().exec('update jobs set name = null')

    for (const [at, name] of names.entries()) {
      expect((await store.list({ name }, { limit: 10 })).rows.map(({ id }) => id)).toEqual([at + 1])
    }
  })
})

describe('bulk actions and tidying', () => {
  test('look for their rows before they take the write lock, and take none where there is nothing to do', async () => {
    await using folder = await testFolder()
    const store = await folder.opened({ timeoutMs: 50 })
    await store.push([newJob()])
    folder.database().exec('begin immediate')
    const chunk = { limit: 10, upTo: 100 }

    expect(await store.remove({ queue: 'nowhere' }, chunk)).toEqual({ changed: 0, skipped: 0, next: null })
    expect(await store.change({ name: 'nobody' }, { priority: 1 }, chunk)).toMatchObject({ changed: 0 })
    expect(await store.retry({}, chunk)).toMatchObject({ changed: 0 })
    expect(await store.removeFailed({}, chunk)).toMatchObject({ changed: 0 })
    expect(await store.prune({ runsMs: 0, metricsMs: 0 }, 100)).toBe(0)
  })
})
