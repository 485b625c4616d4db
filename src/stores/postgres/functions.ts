import type { Names } from './names.ts'
import { pushFunction } from './push-function.ts'
import { jobOfFunction, reserveFunction } from './reserve-function.ts'
import { settleFunction, writeOutcomesFunction } from './settle-function.ts'

/**
 * How our functions run. They hold the hot path because the server plans their statements once per connection, which
 * works behind every pooler; and because a plan made while a queue was empty must not read the whole table once it is
 * full, they rule out everything but the indexes. Compilation costs more than it could save here. Waits for locks of
 * others end before the caller's patience does.
 */
export const functionHead = `language plpgsql
  set search_path = pg_catalog
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set jit = off
  set plan_cache_mode = force_generic_plan
  set lock_timeout = '4s'`

/** All functions of this version. A function that is ever changed gets a new number: older workers go on with theirs. */
export function functions(names: Names): string[] {
  return [
    jobOfFunction(names),
    reserveFunction(names),
    pushFunction(names),
    writeOutcomesFunction(names),
    settleFunction(names),
  ]
}

export const FUNCTION_NAMES = ['job_of_1', 'reserve_1', 'push_1', 'write_outcomes_1', 'settle_1']
