import { expect, test } from 'vitest'
import { FETCH } from '../support/jobs.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { startWorker } from '../support/worker.ts'

const JOBS = 48_000
/** One job in so many is of the short queue, all others of the long one. */
const RARE = 20
/**
 * A look goes through a table in steps of 250,000 ids. In the first the ids of the long queue are few, but more jobs than the
 * look asks for; in the second nearly all are its own.
 */
const OF_FIRST_STEP = 36_000
const SECOND_STEP = 250_000

const DIGIT =
  '(select 0 as n union select 1 union select 2 union select 3 union select 4 union select 5 union select 6 union select 7 union select 8 union select 9)'
const NUMBERS = `(select 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n as n
  from ${DIGIT} a cross join ${DIGIT} b cross join ${DIGIT} c cross join ${DIGIT} d cross join ${DIGIT} e) numbers`

/** Jobs of two queues among each other, urgent ones and delayed ones among them, not as due as their ids are. */
const FILL = `
  insert into jobs (id, queue, payload, attempts, available_at, created_at, name, priority)
  select if(n > ${OF_FIRST_STEP}, n + ${SECOND_STEP - OF_FIRST_STEP}, n), if(n % ${RARE} = 0, 'rare', 'default'),
         concat('{"uuid":"', uuid(), '","job":"${FETCH}","data":{}}'), 0,
         unix_timestamp() + if(n % 1000 = 7, 86400, -1 - (n * 7919) % 600), unix_timestamp() - 600, '${FETCH}',
         if(n % 5000 = 4999 or n % 10000 = 0, -1, if(n % 3 = 0, null, 0))
    from ${NUMBERS} where n <= ${JOBS}`

test('a table shared with PHP hands out a long queue and a rare one in line, to the last job', {
  timeout: 60_000,
}, async () => {
  await using database = await testDatabase('laravel-12')
  const store = await database.store()
  await store.migrate()
  await database.rows(FILL)
  const inLine = await database.rows<{ id: number; queue: string }>(
    `select id, queue from jobs where available_at <= unix_timestamp() order by coalesce(priority, 0), available_at, id`,
  )
  const worker = await startWorker(store, { leaseMs: 600_000 })
  for (const queue of ['rare', 'default']) {
    const taken: number[] = []
    for (;;) {
      const jobs = await worker.reserve({ queues: [queue], limit: 1_000 })
      if (jobs.length === 0) break
      await worker.complete(...jobs)
      taken.push(...jobs.map(({ id }) => Number(id)))
    }
    expect(taken).toEqual(inLine.filter((job) => job.queue === queue).map(({ id }) => id))
  }
  expect(await database.rows('select count(*) as count from jobs')).toEqual([{ count: JOBS / 1_000 }])
})

test('a worker that others have outrun looks again before it says that nothing is left', {
  timeout: 60_000,
}, async () => {
  await using database = await testDatabase('laravel-12')
  const [store, other] = [await database.store(), await database.store()]
  await store.migrate()
  await database.rows(`${FILL} and n <= ${OF_FIRST_STEP}`)
  const [slow, fast] = [await startWorker(store, { leaseMs: 600_000 }), await startWorker(other, { leaseMs: 600_000 })]
  expect(await slow.reserve({ limit: 1 })).toHaveLength(1)
  for (let taken = 0; taken < 25_000; ) taken += (await fast.reserve({ limit: 1_000 })).length
  expect(await slow.reserve({ limit: 1 })).toHaveLength(1)
})
