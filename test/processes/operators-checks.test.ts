import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { started } from './example.ts'

/** What operators of a Laravel queue type to see whether it runs, typed as they know it against the example application. */
describe('the checks that operators know', () => {
  const example = started()
  const select = (sql: string) => {
    const database = new DatabaseSync(example.database, { readOnly: true, timeout: 5_000 })
    const rows = database.prepare(sql).all()
    database.close()
    return rows
  }

  test('ps aux | grep "queue:work" finds the worker', async () => {
    const found = await example.typeUntil('ps aux | grep "queue:work"', ['faena queue:work default cases,orders'])
    expect(found).not.toContain('faena queue:work default default')
  })

  test('the configuration says: Queue Connection: database', async () => {
    const [first] = (await example.type('npm run -s faena -- config')).split('\n')
    expect(first).toBe('Queue Connection: database')
  })

  test('the query for jobs shows those that wait, newest first', async () => {
    await example.typeUntil('npm run -s faena -- pause orders', ['orders'])
    await example.typeUntil('curl -s -X POST http://127.0.0.1:3000/imports --data-binary @examples/cases/orders.csv', [
      '1000',
    ])

    const rows = select('SELECT id, queue, attempts, created_at FROM jobs ORDER BY id DESC LIMIT 10')

    expect(rows).toHaveLength(10)
    expect(rows.map(({ queue, attempts }) => `${queue} ${attempts}`)).toEqual(Array(10).fill('orders 0'))
    expect(rows.map(({ id }) => Number(id))).toEqual(rows.map((_, at) => Number(rows[0]!.id) - at))
    expect(Math.abs(Number(rows[0]!.created_at) - Date.now() / 1_000)).toBeLessThan(60)
    expect(select('SELECT COUNT(*) as count FROM jobs')).toEqual([{ count: 1000 }])
  })

  test('the query for failed jobs shows the exception, queue and time of what failed', async () => {
    await example.typeUntil('npm run -s faena -- resume orders', ['orders'])
    await example.typeUntil('curl -s http://127.0.0.1:3000/orders', ['"failed": 1', '"synced": 999'])

    const [row, ...others] = select('SELECT * FROM failed_jobs ORDER BY id DESC LIMIT 10')

    expect(others).toEqual([])
    expect(Object.keys(row!)).toEqual(['id', 'uuid', 'connection', 'queue', 'payload', 'exception', 'failed_at'])
    expect(row!.queue).toBe('orders')
    expect(row!.exception).toContain('MySQL server has gone away')
    expect(JSON.parse(String(row!.payload)).data).toMatchObject({ orderId: 803193 })
    expect(row!.failed_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  })

  test('the jobs table can be emptied by hand while the worker lives, and work goes on', async () => {
    const database = new DatabaseSync(example.database, { timeout: 5_000 })
    database.exec('DELETE FROM jobs')
    database.close()

    await example.typeUntil('curl -s -X POST http://127.0.0.1:3000/orders/803000/sync', ['"outcome": "dispatched"'])
    await example.typeUntil('npm run -s faena -- status', ['nothing is due'])
    await example.typeUntil('npm run -s faena -- workers', ['cases,orders'])
  })
})
