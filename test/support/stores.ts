import type { Harness, HarnessOptions } from './harness.ts'
import { openMemory } from './memory-harness.ts'
import { openSqlite } from './sqlite-harness.ts'

/** A store the suites run on. PostgreSQL, MySQL and Redis join this list with a harness each. */
export interface TestedStore {
  name: string
  open(options?: HarnessOptions): Promise<Harness>
}

const ALL: TestedStore[] = [
  { name: 'memory', open: openMemory },
  { name: 'sqlite', open: openSqlite },
]

/** `FAENA_TEST_STORES=memory,sqlite` chooses; all that are available otherwise. */
export const stores: readonly TestedStore[] = chosen(process.env.FAENA_TEST_STORES)

function chosen(names: string | undefined): TestedStore[] {
  if (!names) return ALL
  return names.split(',').map((name) => {
    const store = ALL.find((candidate) => candidate.name === name.trim())
    if (store) return store
    throw new Error(
      `FAENA_TEST_STORES names ${name}; available here: ${ALL.map((candidate) => candidate.name).join(', ')}`,
    )
  })
}
