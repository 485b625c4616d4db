import type { Command } from 'commander'
import type { DispatchOptions } from '../../client/queue.ts'
import { FaenaError } from '../../core/errors.ts'
import { type AnyJob, defineJob } from '../../core/job.ts'
import type { StandardSchema } from '../../core/schema.ts'
import type { Pushed } from '../../store.ts'
import { dateOption, durationOption, examples, listOption, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safe } from '../style.ts'

interface Options {
  queue?: string
  delay?: number
  at?: Date
  priority?: number
  unique?: string
  tags?: string[]
  tries?: number
  timeout?: number
  unchecked?: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('<name>', 'name of the job, as its definition has it')
    .argument('[input]', 'the input as JSON', '{}')
    .option('--queue <name>', "another queue than the definition's")
    .option('--delay <time>', 'not before: seconds, or 5m, 2h, 1d', durationOption)
    .option('--at <time>', 'not before this instant, such as 2026-01-05T08:30:00Z', dateOption)
    .option('--priority <number>', 'smaller runs first, 0 is normal', wholeOption(-32_768, 32_767))
    .option('--unique <key>', 'skip if a live job of this name holds the key')
    .option('--tags <tags>', "tags joined by commas, beside the definition's", listOption)
    .option('--tries <number>', 'attempts before it fails for good; 0 for no limit', wholeOption(0, 65_535))
    .option('--timeout <time>', 'of one attempt: seconds, or 5m; 0 for none', durationOption)
    .option('--unchecked', 'also a job that the configuration does not know; its input is not checked')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      examples([
        [`faena dispatch cases.fetch '{"caseId": 42}'`, 'checked against the schema of its definition'],
        [`faena dispatch orders.sync '{"orderId": 7}' --delay 5m --unique order:7`, 'later, and at most once'],
      ]),
    )
    .action((name: string, input: string, options: Options) =>
      runner.onStore(command, (session) => dispatch(session, name, input, options)),
    )
}

async function dispatch(session: Session, name: string, text: string, options: Options): Promise<void> {
  const { output } = session
  const input = parsed(text)
  const job = await definitionOf(session, name, options.unchecked ?? false)
  const { queue, delay, at: availableAt, priority, unique, tags, tries, timeout } = options
  const chosen: DispatchOptions = { queue, delay, availableAt, priority, unique, tags, tries, timeout }
  const client = await session.queue()
  const pushed: Pushed = await client.dispatch(job, input, chosen)
  output.document(pushed)
  output.info(WORDS[pushed.outcome].replace('@', safe(name)))
  output.line(`  uuid ${pushed.uuid}${pushed.id === null ? '' : `, id ${pushed.id}`}\n`)
}

const WORDS: Record<Pushed['outcome'], string> = {
  dispatched: 'Dispatched [@].',
  skipped: 'Skipped [@]: a live job holds its unique key.',
  replaced: 'Gave the waiting [@] that holds the unique key this input.',
  pushedBack: 'Pushed back the waiting [@] that holds the unique key.',
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FaenaError('INVALID_INPUT', `input is ${JSON.stringify(text)}; allowed: JSON, such as '{"caseId": 42}'`, {
      cause,
    })
  }
}

/** From the configuration's `jobs`, else from the handlers it names. */
async function definitionOf({ configuration }: Session, name: string, unchecked: boolean): Promise<AnyJob> {
  const { settings, folder } = configuration
  const find = (jobs: readonly AnyJob[]) => jobs.find((job) => job.name === name)
  const listed = find(settings.jobs)
  if (listed !== undefined) return listed
  const { loadHandlers } = await import('../handlers.ts')
  const handled = (await loadHandlers(settings.handlers, folder)).map(({ job }) => job)
  const known = find(handled)
  if (known !== undefined) return known
  if (unchecked) return defineJob({ name, input: ANYTHING })
  const names = [...new Set([...settings.jobs, ...handled].map((job) => job.name))].sort()
  const those = names.length === 0 ? 'the configuration lists no jobs' : `the configuration lists ${names.join(', ')}`
  throw new FaenaError(
    'UNKNOWN_JOB',
    `No job has the name ${JSON.stringify(name)}; ${those}. --unchecked dispatches it all the same`,
  )
}

const ANYTHING: StandardSchema = {
  '~standard': { version: 1, vendor: 'faena', validate: (value: unknown) => ({ value }) },
}
