import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { givenSchema } from '../support/postgres-schema.ts'

const run = promisify(execFile)

describe('the connection kept at hand for the next statement', () => {
  test('counts as idle, and is used by one statement at a time', async () => {
    await using given = await givenSchema()
    const store = await given.store()
    await store.migrate()
    await store.push([newJob()], { fresh: true })

    // A push that comes while another tells who listens has its own notification sent afterwards, with a connection.
    const allIdle = () =>
      expect
        .poll(() => {
          const uses = store.connections()
          return [uses.some(({ busy, waiting }) => busy + waiting > 0), uses.some(({ idle }) => idle > 0)]
        })
        .toEqual([false, true])
    await allIdle()
    await Promise.all(Array.from({ length: 20 }, () => store.push([newJob()], { fresh: true })))
    await allIdle()
    expect(await store.counts()).toMatchObject([{ due: 21 }])
  })

  test('is replaced when the server ends it', async () => {
    await using given = await givenSchema()
    const store = await given.store({ url: `${given.url}?application_name=${given.schema}` })
    await store.migrate()
    await store.push([newJob()], { fresh: true })
    const client = await given.client()

    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      given.schema,
    ])
    await expect.poll(() => store.connections().reduce((sum, { busy, idle }) => sum + busy + idle, 0)).toBe(0)

    await store.push([newJob()], { fresh: true })
    expect(await store.counts()).toMatchObject([{ due: 2 }])
  })

  test('keeps no script from ending', { timeout: 60_000 }, async () => {
    await using given = await givenSchema()
    const script = `
      const { openStore } = await import(${JSON.stringify(new URL('../../src/stores/open.ts', import.meta.url).href)})
      const store = await openStore(${JSON.stringify(given.url)}, { schema: ${JSON.stringify(given.schema)} })
      await store.migrate()
      console.log((await store.counts()).length)`

    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])

    expect(stdout.trim()).toBe('0')
  })
})
