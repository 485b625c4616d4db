import type { LogLevel } from '../core/config.ts'
import { spoken } from '../core/duration.ts'
import type { Events } from '../core/events.ts'
import type { Settings } from '../core/settings.ts'
import { wallClock } from '../core/wallclock.ts'
import type { WorkerEvents } from '../worker/events.ts'
import type { StopReason } from '../worker/stopping.ts'
import { heading, NO_HANDLERS, WHAT_TO_TRY, workerFacts } from './banner.ts'
import { printJobs, timestamp } from './job-lines.ts'
import { LineWriter } from './line-writer.ts'
import { outputOn, type Streams, terminalWidth } from './output.ts'
import type { Plan } from './plan.ts'
import { safe, styleFor } from './style.ts'
import type { WorkOrder } from './work-order.ts'

/** What a worker process says: a banner, its jobs, and what an operator should know. */
export interface WorkerVoice {
  /** `again`: the process before this one has said it all. */
  banner(plan: Plan, database: string, again: boolean): void
  follow(events: Events<WorkerEvents>): void
  notice(text: string): void
  error(error: unknown): void
  farewell(reason: StopReason): void
  end(): Promise<void>
}

const FAREWELLS: Partial<Record<StopReason, string>> = {
  memory: 'The memory limit is reached; the worker ends.',
  restart: 'Restart was asked for; the worker ends.',
  stuck: 'A handler did not end after its timeout; the worker ends to be rid of it.',
}

export function workerVoice(order: WorkOrder, settings: Settings, streams: Streams): WorkerVoice {
  const { stdout, stderr, env } = streams
  const json = order.json ?? false
  const level: LogLevel = order.quiet ? 'error' : settings.logLevel
  const output = outputOn(streams, json)
  const writer = new LineWriter(stdout)
  const errors = new LineWriter(stderr)
  const clock = wallClock(settings.timezone)
  const shows = (least: LogLevel) => RANK[level] <= RANK[least]

  const say = (severity: 'warning' | 'error', text: string) => {
    if (!shows(severity === 'error' ? 'error' : 'warn')) return
    if (json) writer.line(JSON.stringify({ level: severity, message: text, timestamp: timestamp() }))
    else errors.line(`faena: ${safe(text)}`)
  }
  const voice: WorkerVoice = {
    banner(plan, database, again) {
      if (json || !shows('info')) return
      if (again) return output.line(`  Process ${process.pid} goes on.`)
      output.info(heading(plan.queues))
      for (const [label, text] of workerFacts(order, plan, settings, database)) {
        output.line(`  ${output.style.dim(label.padEnd(10))} ${text}`)
      }
      if (plan.handlers.length === 0) output.line(`\n  ${NO_HANDLERS.join('\n  ')}`)
      if (order.kind === 'start') {
        output.line('\n  Try, in another terminal:')
        for (const [command, what] of WHAT_TO_TRY) output.line(`    ${command.padEnd(36)} ${output.style.dim(what)}`)
      }
      output.line()
    },
    follow(events) {
      printJobs(events, {
        writer,
        level,
        form: json ? 'json' : stdout.isTTY ? 'terminal' : 'plain',
        style: styleFor(stdout.isTTY === true, env),
        width: () => terminalWidth(stdout),
        clock,
        connection: settings.connection,
        verbose: order.verbose ?? false,
      })
      events.on('notice', ({ text }) => voice.notice(text))
      events.on('stuck', ({ displayName, uuid }) =>
        voice.notice(
          `Job ${displayName} (${uuid}) goes on after its timeout and the grace: its attempt is settled as timed out.`,
        ),
      )
      events.on('quiet', () => voice.notice('The worker is quiet: it finishes what it has and reserves no more.'))
      events.on('resumed', () => voice.notice('The worker reserves jobs again.'))
      events.on('storeError', ({ operation, error, failures, retryMs }) => {
        // The same trouble is told at its start and then ever more rarely.
        if ((failures & (failures - 1)) !== 0) return
        const reason = error instanceof Error ? error.message : String(error)
        say(
          'error',
          `The store did not take ${operation} (${reason}); again in ${spoken(retryMs)}${failures > 1 ? `, ${failures} failures so far` : ''}.`,
        )
      })
    },
    notice: (text) => say('warning', text),
    error: (error) => say('error', errorLine(error)),
    farewell(reason) {
      const text = FAREWELLS[reason]
      if (text !== undefined) voice.notice(text)
    },
    async end() {
      await Promise.all([writer.end(), errors.end()])
    },
  }
  for (const warning of settings.warnings) voice.notice(warning)
  return voice
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
