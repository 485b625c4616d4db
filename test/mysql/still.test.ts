import { expect, test } from 'vitest'
import { Connection } from '../../src/stores/mysql/connection.ts'
import type { Context } from '../../src/stores/mysql/context.ts'
import { tableNames } from '../../src/stores/mysql/names.ts'
import { sourceOf } from '../../src/stores/mysql/source.ts'
import { whileStill } from '../../src/stores/mysql/still.ts'
import { sql } from '../../src/stores/sql/sql.ts'
import { testDatabase } from '../support/mysql-database.ts'

/** A table whose rows are counted, still after two seconds, and how often they were. */
async function counted() {
  const database = await testDatabase()
  await database.rows('create table orders (id int primary key) engine=InnoDB')
  await database.rows('insert into orders values (1), (2), (3)')
  const source = sourceOf(database.url)
  const connection = new Connection(source, 5_000)
  const context = { connection, names: tableNames({}, source.database) } as Context
  let [times, ms] = [0, 0]
  const read = async () => {
    times++
    return Number((await connection.read(sql`select count(*) as count from orders`))[0]!.count)
  }
  const options = { cheapMs: 0, stillSeconds: 2, clock: () => ms }
  const count = whileStill(context, 'orders', read, options)
  const settled = async () => {
    for (let before = -1; before !== times; ) {
      before = times
      await count()
    }
  }
  return {
    ...{ database, count, settled, times: () => times },
    later: (by: number) => {
      ms += by
    },
    async [Symbol.asyncDispose]() {
      await connection.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('a table that nobody changes is not counted again', async () => {
  await using orders = await counted()
  await orders.settled()
  const before = orders.times()
  for (let at = 0; at < 5; at++) expect(await orders.count()).toBe(3)
  expect(orders.times()).toBe(before)
})

test.each([
  ['a row that somebody writes', 'insert into orders values (4)', 4],
  ['a row that somebody takes out', 'delete from orders where id = 2', 2],
  ['a table that somebody empties', 'truncate orders', 0],
])('%s shows at once', async (_, statement, expected) => {
  await using orders = await counted()
  await orders.settled()
  await orders.database.rows(statement)
  expect(await orders.count()).toBe(expected)
})

test('a row of a transaction that was open meanwhile shows once it has ended', async () => {
  await using orders = await counted()
  const other = await orders.database.connect()
  await orders.settled()
  await other.beginTransaction()
  await other.query('insert into orders values (4)')
  expect(await orders.count()).toBe(3)
  await other.commit()
  expect(await orders.count()).toBe(4)
})

test('nothing is kept for more than ten seconds', async () => {
  await using orders = await counted()
  await orders.settled()
  const before = orders.times()
  orders.later(9_999)
  await orders.count()
  expect(orders.times()).toBe(before)
  orders.later(1)
  await orders.count()
  expect(orders.times()).toBe(before + 1)
})
