import type { Names } from './names.ts'
import { pushFunction } from './push-function.ts'
import { jobOfFunction, reserveFunction } from './reserve-function.ts'
import { settleFunction, writeOutcomesFunction } from './settle-function.ts'

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
