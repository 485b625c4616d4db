import { expect, test } from 'vitest'
import { FETCH } from '../support/jobs.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { startWorker } from '../support/worker.ts'

const JOBS = 40_000
/** One job in so many is of the short queue, all others of the long one. */
const RARE = 20

/** Jobs of two queues among each other, urgent ones and delayed ones among them, as due as their ids are not. */
const FILL = `
  insert into jobs (queue, payload, attempts, available_at, created_at, name, priority)
  with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${JOBS})
  select if(n % ${RARE} = 0, 'rare', 'default'), concat('{"uuid":"', uuid(), '","job":"${FETCH}","data":{}}'), 0,
         unix_timestamp() + if(n % 1000 = 7, 86400, -1 - (n * 7919) % 600), unix_timestamp() - 600, '${FETCH}',
         if(n % 5000 = 4999 or n % 10000 = 0, -1, if(n % 3 = 0, null, 0))
    from numbers`

test('a table shared with PHP hands out a long queue and a rare one in line, to the last job', {
  timeout: 60_000,
}, async () => {
  await using database = await testDatabase('laravel-12')
  const store = await database.store()
  await store.migrate()
  await database.rows(`set statement max_recursive_iterations = ${JOBS + 1} for ${FILL}`)
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
