import type { Harness, HarnessOptions } from './harness.ts'
import { openMemory } from './memory-harness.ts'
import { openMysql, openMysqlOfLaravel } from './mysql-harness.ts'
import { openPostgres, openPostgresOfLaravel } from './postgres-harness.ts'
import { openSqlite } from './sqlite-harness.ts'

/** A store the suites run on. Redis joins this list with a harness of its own. */
export interface TestedStore {
  name: string
  open(options?: HarnessOptions): Promise<Harness>
}

const ALL: TestedStore[] = [
  { name: 'memory', open: openMemory },
  { name: 'sqlite', open: openSqlite },
  { name: 'postgres', open: openPostgres },
  { name: 'postgres-laravel', open: openPostgresOfLaravel },
  { name: 'mysql', open: openMysql },
  { name: 'mysql-laravel', open: openMysqlOfLaravel },
]

/** Those that need no server. */
const USUAL = 'memory,sqlite'

/** `FAENA_TEST_STORES=postgres,sqlite` chooses; `all` are all, with their servers. */
export const stores: readonly TestedStore[] = chosen(process.env.FAENA_TEST_STORES || USUAL)

function chosen(names: string): TestedStore[] {
  if (names === 'all') return ALL
  return names.split(',').map((name) => {
    const store = ALL.find((candidate) => candidate.name === name.trim())
    if (store) return store
    throw new Error(
      `FAENA_TEST_STORES names ${name}; available here: all, ${ALL.map((candidate) => candidate.name).join(', ')}`,
    )
  })
}
