import { heldFunction } from './holds.ts'
import type { Names } from './names.ts'
import { jobsOfUuidsFunction, payloadFunctions } from './payload-functions.ts'
import { pushFunction } from './push-function.ts'
import { reserveFunction } from './reserve-function.ts'
import { settleFunction, writeOutcomesFunction } from './settle-function.ts'

/** All functions of this version. A function that is ever changed gets a new number: older workers go on with theirs. */
export function functions(names: Names): string[] {
  return [
    ...payloadFunctions(names),
    jobsOfUuidsFunction(names),
    reserveFunction(names),
    heldFunction(names),
    pushFunction(names),
    writeOutcomesFunction(names),
    settleFunction(names),
  ]
}
