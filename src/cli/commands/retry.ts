import type { Command } from 'commander'
import { spoken } from '../../core/duration.ts'
import { FaenaError } from '../../core/errors.ts'
import type { FailedFilter, JobRef } from '../../store.ts'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { counted, inBulk } from '../bulk.ts'
import { examples, rangeOption, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface RetryOptions {
  queue?: string
  job?: string
  error?: string
  fingerprint?: string
  range?: number[]
  rate?: number
}

/** Up to so many given ids are brought back one by one, each with a line of its own. */
const ONE_BY_ONE = 20

export function define(command: Command, runner: Runner): void {
  command
    .argument('[ids...]', "uuids or ids of failed jobs, or 'all'")
    .option('--queue <name>', 'the failed jobs of this queue')
    .option('--job <name>', 'the failed jobs of this name')
    .option('--error <text>', 'those whose exception holds this text, whatever its case')
    .option('--fingerprint <print>', 'failures of one kind, as faena failed --groups names it')
    .option(
      '--range <from-to>',
      'ids from … to …; may be repeated, and ids that are not there are passed over',
      rangeOption,
    )
    .option('--rate <number>', 'at most so many per second', wholeOption(1, 1_000_000))
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nA retried job keeps its uuid and starts with attempts 0. One whose unique key another job holds is skipped.',
    )
    .addHelpText(
      'after',
      examples([
        ['faena retry 019b76da-a800-7000-8000-000000000001', 'one job'],
        ['faena retry all --queue orders', 'all failed jobs of a queue'],
        ["faena retry --error 'gone away' --rate 50", 'one kind of failure, gently'],
      ]),
    )
    .action((ids: string[], options: RetryOptions) =>
      runner.onStore(command, (session) => retry(session, ids, options)),
    )
}

async function retry(session: Session, ids: readonly string[], options: RetryOptions): Promise<number> {
  const { admin, output } = session
  const { filter, listed } = chosen(ids, options)
  output.info('Pushing failed queue jobs back onto the queue.')
  if (listed.length > 0 && listed.length <= ONE_BY_ONE) return oneByOne(session, listed)
  const done = await inBulk(output, 'retrying', (bulk) => admin.retry(filter, { ...bulk, ratePerSecond: options.rate }))
  const missing = listed.length > 0 ? done.missing : []
  output.document({ retried: done.changed, skipped: done.skipped, missing, complete: done.complete })
  for (const ref of missing) output.error(`Unable to find failed job with ID [${ref}].`)
  if (done.changed + done.skipped === 0 && missing.length === 0) {
    if (options.queue !== undefined) output.error(`Unable to find failed jobs for queue [${safe(options.queue)}].`)
    else output.info('No retryable jobs found.')
    return filter === 'all' ? EXIT.ok : EXIT.notFound
  }
  output.line(`  ${counted(done.changed, 'job')} pushed back${skippedText(done.skipped)}.`)
  if (!done.complete) output.warn('Interrupted: the rest still lies in failed_jobs. The same command goes on with it.')
  return missing.length > 0 ? EXIT.notFound : EXIT.ok
}

/** What is meant by the words and options together; ids beside a filter could mean either, so that is refused. */
function chosen(ids: readonly string[], options: RetryOptions): { filter: FailedFilter | 'all'; listed: JobRef[] } {
  const { queue, job: name, error, fingerprint, range = [] } = options
  const filter: FailedFilter = Object.fromEntries(
    Object.entries({ queue, name, error, fingerprint }).filter(([, value]) => value !== undefined),
  )
  const filtered = Object.keys(filter).length > 0
  if (ids.includes('all')) return { filter: filtered ? filter : 'all', listed: [] }
  if (ids.length === 0 && range.length === 0 && !filtered) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      "Nothing to retry is named; give ids, 'all', --range, --queue, --job, --error or --fingerprint",
    )
  }
  if (ids.length > 0 && (filtered || range.length > 0)) {
    throw new FaenaError('BAD_ARGUMENT', 'Ids were given beside --range or a filter; give one or the other')
  }
  if (range.length > 0) return { filter: { ...filter, refs: range }, listed: [] }
  return filtered ? { filter, listed: [] } : { filter: { refs: ids }, listed: [...ids] }
}

async function oneByOne({ admin, output }: Session, refs: readonly JobRef[]): Promise<number> {
  const sum = { retried: 0, skipped: 0, missing: [] as JobRef[], complete: true }
  for (const ref of refs) {
    const began = performance.now()
    const done = await admin.retry({ refs: [ref] })
    sum.retried += done.changed
    sum.skipped += done.skipped
    sum.missing.push(...done.missing)
    if (done.missing.length > 0) output.error(`Unable to find failed job with ID [${ref}].`)
    else output.dotted(String(ref), `${spoken(performance.now() - began)} ${wordFor(done.changed, output.style)}`)
  }
  if (sum.skipped > 0) output.warn(`${counted(sum.skipped, 'job')} skipped: another job holds the unique key.`)
  output.document(sum)
  return sum.missing.length > 0 ? EXIT.notFound : EXIT.ok
}

function wordFor(changed: number, style: Session['output']['style']): string {
  return changed > 0 ? style.good('DONE') : style.warning('SKIPPED')
}

function skippedText(skipped: number): string {
  return skipped === 0 ? '' : `, ${skipped} skipped because another job holds the unique key`
}
