import pg from 'pg'
import { PgBoss, type WorkOptions } from 'pg-boss'
import { type BenchInput, type Contestant, input, inputs } from '../contestant.ts'
import { untilNone } from './until-none.ts'

function pgbossAt(tuned: boolean): Contestant {
  const started = async (url: string) => {
    const boss = new PgBoss({ connectionString: url, max: 20, useListenNotify: tuned })
    boss.on('error', (error) => process.stderr.write(`pg-boss: ${error}\n`))
    await boss.start()
    return boss
  }
  return {
    async prepare({ url }) {
      const boss = await started(url)
      await boss.createQueue('bench', { notify: tuned })
      await boss.stop({ graceful: false })
    },
    async open({ url }) {
      const boss = await started(url)
      const pool = new pg.Pool({ connectionString: url, max: 2 })
      return {
        async bulk(from, count, dueAt) {
          const startAfter = dueAt === undefined ? undefined : new Date(dueAt)
          await boss.insert(
            'bench',
            inputs(from, count).map((data) => ({ data, startAfter })),
          )
        },
        single: (number, sentAt) => boss.send('bench', input(number, sentAt)),
        async work(concurrency, seen) {
          const options: WorkOptions = tuned
            ? {
                localConcurrency: 4,
                batchSize: 500,
                burstWhenBatchFull: true,
                pollingIntervalSeconds: 0.5,
                notifyPollingIntervalSeconds: 0.5,
              }
            : { localConcurrency: concurrency }
          await boss.work<BenchInput>('bench', options, async (jobs) => {
            for (const { data } of jobs) await seen(data.number, data.sentAt)
          })
          return {
            settled: () =>
              untilNone(pool, `select 1 from pgboss.job where name = 'bench' and state < 'completed' limit 1`),
            stop: () => boss.offWork('bench', { wait: false }),
          }
        },
      }
    },
  }
}

export const pgboss = pgbossAt(false)
export const pgbossTuned = pgbossAt(true)
