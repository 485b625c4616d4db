import type { RepairDone } from '../client/repairs.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import { counted } from './bulk.ts'
import type { Output } from './output.ts'

/** Tells what became of jobs that were named by id, and answers the exit code. */
export function toldOf(output: Output, done: RepairDone, verb: string, whySkipped: string): number {
  output.document({ [verb]: done.changed, skipped: done.skipped, missing: done.missing, complete: done.complete })
  for (const ref of done.missing) output.error(`No waiting or running job has the ID [${ref}].`)
  if (done.changed > 0) output.info(`${counted(done.changed, 'job')} ${verb.replaceAll('_', ' ')}.`)
  if (done.skipped > 0) output.warn(`${counted(done.skipped, 'job')} skipped: ${whySkipped}.`)
  return done.missing.length > 0 ? EXIT.notFound : EXIT.ok
}
