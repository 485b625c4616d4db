import type { Command } from 'commander'
import type { FailedView, JobView } from '../../client/view.ts'
import { spoken } from '../../core/duration.ts'
import type { Run } from '../../store.ts'
import { failedJson, iso, jobJson, runJson } from '../json.ts'
import { examples } from '../options.ts'
import type { Output } from '../output.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe, safeLines } from '../style.ts'

export function define(command: Command, runner: Runner): void {
  command
    .argument('<id>', 'row id or uuid of a waiting, running or failed job')
    .option('--payload', 'the payload as it is stored, too')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([['faena show 42', 'state, input, exception, attempts with log lines and progress']]),
    )
    .action((id: string, options: { payload?: boolean }) =>
      runner.onStore(command, (session) => show(session, id, options)),
    )
}

async function show({ admin, output, clock }: Session, id: string, options: { payload?: boolean }): Promise<void> {
  const { job, failed, runs } = await admin.show(id)
  output.document({
    job: job && { ...jobJson(job), input: job.input ?? null, payload: job.payload },
    failed: failed && {
      ...failedJson(failed),
      failed_at_utc: iso(failed.failedAt),
      exception: failed.exception,
      input: failed.input ?? null,
      payload: failed.payload,
    },
    runs: runs.map(runJson),
  })
  const at = (ms: number) => `${clock.text(ms)} ${clock.zone}`
  if (job !== null) ofJob(output, job, at)
  if (failed !== null) ofFailed(output, failed)
  const payload = job?.payload ?? failed?.payload
  if (options.payload && payload !== undefined) section(output, 'Payload', safeLines(payload))
  if (runs.length > 0) {
    output.line(`\n  ${output.style.dim('Attempts, newest first')}`)
    for (const run of runs) ofRun(output, run, at)
  }
}

function ofJob(output: Output, job: JobView, at: (ms: number) => string): void {
  heading(output, job.displayName, job.status)
  facts(output, [
    ['id', String(job.id)],
    ['uuid', job.uuid ?? 'none yet'],
    ['queue', job.queue],
    [
      'attempts',
      `${job.attempts}${job.maxAttempts === null ? '' : ` of ${job.maxAttempts === 0 ? 'any number' : job.maxAttempts}`}`,
    ],
    ['priority', String(job.priority)],
    ['tags', job.tags.join(', ')],
    ['created', at(job.createdAt)],
    ['due', at(job.availableAt)],
    [
      'reserved',
      job.reservedAt === null ? '' : `${at(job.reservedAt)} by worker ${job.reservedBy ?? '(another runtime)'}`,
    ],
  ])
  section(output, 'Input', prettyJson(job.input))
}

function ofFailed(output: Output, failed: FailedView): void {
  heading(output, failed.displayName, output.style.bad('failed'))
  facts(output, [
    ['id', `${failed.id} (of failed_jobs)`],
    ['uuid', failed.uuid],
    ['queue', `${failed.connection}@${failed.queue}`],
    ['failed', failed.failedAtText],
    ['tags', failed.tags.join(', ')],
    ['fingerprint', failed.fingerprint ?? ''],
  ])
  section(output, 'Exception', safeLines(failed.exception))
  section(output, 'Input', prettyJson(failed.input))
  output.line(`\n  Bring it back: faena retry ${safe(failed.uuid)}`)
}

function ofRun(output: Output, run: Run, at: (ms: number) => string): void {
  const took = run.endedAt === null ? 'still running' : `after ${spoken(Math.max(0, run.endedAt - run.startedAt))}`
  const progress =
    run.progress === null ? '' : `, at ${run.progress} %${run.note === null ? '' : ` (${safe(run.note)})`}`
  output.line(`  ${run.attempt}. ${at(run.startedAt)}  ${run.outcome} ${took}${progress}`)
  if (run.headline !== null) output.line(`     ${output.style.bad(safe(run.headline))}`)
  for (const line of run.log) output.line(`     ${output.style.dim('|')} ${safe(line)}`)
  if (run.result !== null) output.line(`     result: ${safe(run.result)}`)
}

function heading(output: Output, name: string, state: string): void {
  output.line(`\n  ${output.style.bold(safe(name))}  ${state}`)
}

/** One line per fact that there is. */
function facts(output: Output, pairs: readonly (readonly [label: string, value: string])[]): void {
  for (const [label, value] of pairs) {
    if (value !== '') output.line(`    ${output.style.dim(label.padEnd(12))}${safe(value)}`)
  }
}

function section(output: Output, title: string, text: string): void {
  output.line(`\n    ${output.style.dim(title)}`)
  for (const line of text.split('\n')) output.line(`      ${line}`)
}

function prettyJson(value: unknown): string {
  return safeLines(JSON.stringify(value, null, 2) ?? 'none')
}
