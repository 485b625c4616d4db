import { resolve } from 'node:path'
import type { Command } from 'commander'
import { backoffOption, durationOption, examples, listOption, secondsOption, wholeOption } from '../options.ts'
import type { Streams } from '../output.ts'
import type { Runner } from '../runner.ts'
import type { WorkOrder } from '../work-order.ts'

interface WorkOptions {
  queue?: string[]
  name?: string
  tries?: number
  timeout?: number
  backoff?: number[]
  delay?: number
  sleep?: number
  rest?: number
  memory?: number
  maxJobs?: number
  maxTime?: number
  once?: boolean
  stopWhenEmpty?: boolean
  stopWhenEmptyFor?: number
  concurrency?: number
  lease?: number
  grace?: number
  json?: boolean
  quiet?: boolean
  verbose?: boolean
  config?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('[connection]', 'name of the connection, as Laravel takes it')
    .option(
      '--queue <names>',
      'queues in strict order, joined by commas (default: default, then those of the handlers)',
      listOption,
    )
    .option(
      '--tries <number>',
      'attempts of jobs that say nothing themselves; 0 for no limit (default: 3)',
      wholeOption(0, 65_535),
    )
    .option('--timeout <seconds>', 'of one attempt of such jobs; 0 for none (default: 60)', secondsOption)
    .option(
      '--backoff <seconds>',
      'wait after a failed attempt of such jobs, or several joined by commas',
      backoffOption,
    )
    .option('--sleep <seconds>', 'longest gap between two looks while nothing is due (default: 3)', secondsOption)
    .option('--rest <seconds>', 'rest after each job', secondsOption)
    .option(
      '--memory <megabytes>',
      'end with exit code 12 from this size on; 0 for no limit (default: 0)',
      wholeOption(0, 1_048_576),
    )
    .option('--max-jobs <number>', 'end after so many jobs', wholeOption(0))
    .option('--max-time <seconds>', 'end after so long', secondsOption)
    .option('--once', 'run at most one job, and end')
    .option('--stop-when-empty', 'end when nothing is due')
    .option('--stop-when-empty-for <seconds>', 'end when nothing was processed for so long', secondsOption)
    .option('--name <name>', 'shown in faena workers and in the process list (default: default)')
    .option('--concurrency <number>', 'jobs at once (default: 10)', wholeOption(1, 10_000))
    .option('--lease <time>', 'how long jobs stay its own when it falls silent (default: 30s)', durationOption)
    .option('--grace <time>', 'how long running jobs may go on after a stop (default: 10s)', durationOption)
    .option('--json', "one JSON line per event, with Laravel's keys")
    .option('-q, --quiet', 'only errors')
    .addOption(
      command.createOption('--delay <seconds>', "Laravel's older --backoff").argParser(secondsOption).hideHelp(),
    )
    .addOption(command.createOption('--daemon', 'accepted and ignored, as in Laravel').hideHelp())
    .addOption(command.createOption('--force', 'accepted and ignored: there is no maintenance mode').hideHelp())
    .addOption(command.createOption('-n, --no-interaction', 'accepted and ignored: nothing is asked').hideHelp())
    .addOption(command.createOption('--ansi', 'accepted and ignored').hideHelp())
    .addOption(command.createOption('--no-ansi', 'accepted and ignored').hideHelp())
    .addHelpText(
      'after',
      `
A flag that is given wins over faena.config.ts. SIGTERM, SIGINT and SIGQUIT let running jobs finish, a second one ends at
once; SIGUSR2 is quiet, SIGCONT resumes. The worker runs in a process of its own that is started anew when it dies.
Exit codes: 0 ended as asked, 1 error, 2 bad usage or configuration, 12 memory limit.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena work --queue high,default', 'default when high has nothing due'],
        ['faena work --concurrency 50 --tries 5', 'for jobs that wait for others most of the time'],
        ['faena work --stop-when-empty', 'does what is there, and ends'],
      ]),
    )
    .action((connection: string | undefined) =>
      runner.bare(({ streams }) => work(orderOf(connection, command.optsWithGlobals<WorkOptions>()), streams)),
    )
}

/** The configuration is read by the process that works: a parent that only watches stays small. */
async function work(order: WorkOrder, streams: Streams): Promise<number> {
  if (!order.once) {
    const { keepWorking } = await import('../keep-working.ts')
    return keepWorking(order, streams)
  }
  const { workOnce } = await import('../work-once.ts')
  return workOnce(order, streams)
}

function orderOf(connection: string | undefined, options: WorkOptions): WorkOrder {
  const { queue: queues, backoff, delay, config, ...rest } = options
  // Laravel: the larger of the two.
  const backoffMs = delay === undefined ? backoff : (backoff ?? [0]).map((ms) => Math.max(ms, delay))
  return {
    kind: 'work',
    connection,
    config: config === undefined ? undefined : resolve(config),
    name: rest.name ?? 'default',
    queues,
    concurrency: rest.concurrency,
    tries: rest.tries,
    timeoutMs: rest.timeout,
    backoffMs,
    leaseMs: rest.lease,
    sleepMs: rest.sleep,
    restMs: rest.rest,
    graceMs: rest.grace,
    maxJobs: rest.maxJobs,
    maxTimeMs: rest.maxTime,
    memoryMb: rest.memory,
    once: rest.once,
    stopWhenEmpty: rest.stopWhenEmpty,
    emptyForMs: rest.stopWhenEmptyFor,
    json: rest.json,
    verbose: rest.verbose,
    quiet: rest.quiet,
  }
}
