import { expect, test } from 'vitest'
import { testDatabase } from '../support/mysql-database.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { CONFIG, installation } from './support.ts'

const NAMES = 'prefix=queue_&jobs=work&failed_jobs=broken&job_batches=groups&retry_after=60s'

/** The words of an operator's day: tables made, jobs dispatched, worked on by a process of its own, looked at. */
async function aDay(url: string): Promise<void> {
  const faena = installation({ DATABASE_URL: url })
  expect(await faena.call('migrate')).toMatchObject({ code: 0, stderr: '' })
  expect(await faena.call('dispatch', 'demo.quick', '{"order_id": 7}')).toMatchObject({ code: 0 })
  expect(await faena.call('dispatch', 'demo.failing', '{}')).toMatchObject({ code: 0 })
  const worked = await faena.faena('work', '--config', CONFIG, '--stop-when-empty')
  expect(worked, worked.stderr).toMatchObject({ code: 0 })
  expect((await faena.call('failed')).stdout).toContain('demo.failing')
  expect((await faena.call('doctor')).stdout).toMatch(/work("?: |: about )\d+ rows/)
}

test('on PostgreSQL the URL says in which schema the tables lie and what they are called', {
  timeout: 60_000,
}, async () => {
  await using given = await givenSchema()

  await aDay(`${given.url}?schema=${given.schema}&${NAMES}`)

  const tables = given.look.all<{ name: string }>('select tablename as name from pg_tables where schemaname = $1', [
    given.schema,
  ])
  const names = tables.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['work', 'broken', 'groups', 'queue_workers']))
  expect(names.filter((name) => !/^(queue_\w+|work|broken|groups)$/.test(name))).toEqual([])
})

test('on MySQL the URL says what the tables are called', { timeout: 60_000 }, async () => {
  await using database = await testDatabase()

  await aDay(`${database.url}?${NAMES}`)

  const names = (
    await database.rows<{ name: string }>(
      'select table_name as name from information_schema.tables where table_schema = ?',
      [database.name],
    )
  ).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['work', 'broken', 'groups', 'queue_workers']))
  expect(names.filter((name) => !/^(queue_\w+|work|broken|groups)$/.test(name))).toEqual([])
})

test('what is wrong at the end of a URL stops every command with exit code 2 and the reason', async () => {
  const answer = await installation({ DATABASE_URL: 'postgres://127.0.0.1:1/d?prefix=a-b' }).call('status')
  expect(answer).toMatchObject({ code: 2, stdout: '' })
  expect(answer.stderr).toContain('BAD_CONFIGURATION: prefix of DATABASE_URL is "a-b"; allowed: letters, digits')
})
