import { expect, test } from 'vitest'
import { dumpSchema } from '../support/postgres-dump.ts'
import { givenSchema } from '../support/postgres-schema.ts'

test('the tables are those of docs/reference/schema.postgres.sql (vitest -u writes it anew)', async () => {
  await using given = await givenSchema()
  const store = await given.store()

  await store.migrate()

  await expect(dumpSchema(given.look, given.schema)).toMatchFileSnapshot('../../docs/reference/schema.postgres.sql')
})
