import type { LogLevel } from '../core/config.ts'
import { spoken } from '../core/duration.ts'
import type { Events } from '../core/events.ts'
import type { Settings } from '../core/settings.ts'
import { surfacedFields } from '../core/surface.ts'
import { wallClock } from '../core/wallclock.ts'
import { logJobs } from '../logs/job-log.ts'
import type { WorkerEvents } from '../worker/events.ts'
import type { StopReason } from '../worker/stopping.ts'
import { heading, NO_HANDLERS, WHAT_TO_TRY, workerFacts } from './banner.ts'
import { errorReporter, reportErrors } from './error-hook.ts'
import { printJobs, timestamp } from './job-lines.ts'
import { LineWriter } from './line-writer.ts'
import { logsOf } from './logs.ts'
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
  const laravel = order.json ?? false
  const level: LogLevel = order.quiet ? 'error' : settings.logLevel
  const logs = logsOf({ settings, streams, level, about: { worker: order.name }, fileOnly: laravel })
  const { json, logger } = logs
  const output = outputOn(streams, laravel || json)
  const writer = new LineWriter(stdout)
  const errors = new LineWriter(stderr)
  const clock = wallClock(settings.timezone)
  const fields = surfacedFields(settings.surface)
  const shows = (least: LogLevel) => RANK[level] <= RANK[least]

  const say = (severity: 'warn' | 'error', text: string, about: Record<string, unknown> = {}) => {
    logger?.[severity](about, logs.masker.text(text))
    if (json || !shows(severity)) return
    if (laravel) {
      const word = severity === 'warn' ? 'warning' : severity
      writer.line(JSON.stringify({ level: word, message: text, timestamp: timestamp() }))
    } else errors.line(`faena: ${safe(text)}`)
  }
  const report = errorReporter(settings.onError, (error) => say('error', errorLine(error)))
  const voice: WorkerVoice = {
    banner(plan, database, again) {
      const { queues, concurrency, handlers } = plan
      const jobs = handlers.map(({ job }) => job.name)
      logger?.info({ event: 'begins', queues, concurrency, jobs, database }, heading(queues))
      if (output.json || !shows('info')) return
      if (order.recycle !== undefined) {
        const at = plan.concurrency === 1 ? 'one at a time' : `${plan.concurrency} at a time`
        return output.line(`${order.name}, process ${process.pid}: jobs from [${safe(plan.queues.join(','))}], ${at}`)
      }
      if (again) return output.line(`  Process ${process.pid} goes on.`)
      output.info(heading(queues))
      for (const [label, text] of workerFacts(order, plan, settings, database)) {
        output.line(`  ${output.style.dim(label.padEnd(10))} ${text}`)
      }
      if (handlers.length === 0) output.line(`\n  ${NO_HANDLERS.join('\n  ')}`)
      if (order.kind === 'start') {
        output.line('\n  Try, in another terminal:')
        for (const [command, what] of WHAT_TO_TRY) output.line(`    ${command.padEnd(36)} ${output.style.dim(what)}`)
      }
      output.line()
    },
    follow(events) {
      if (logger !== null) logJobs(events, logger, { fields, masker: logs.masker })
      if (!json) {
        printJobs(events, {
          writer,
          level,
          form: laravel ? 'json' : stdout.isTTY ? 'terminal' : 'plain',
          style: styleFor(stdout.isTTY === true, env),
          width: () => terminalWidth(stdout),
          clock,
          connection: settings.connection,
          verbose: order.verbose ?? false,
          fields,
          masker: logs.masker,
        })
        events.on('stuck', ({ displayName, uuid }) => {
          if (shows('warn') && !laravel) errors.line(`faena: ${safe(stuckText(displayName, uuid))}`)
        })
      }
      reportErrors(events, fields, report)
      events.on('notice', ({ text }) => voice.notice(text))
      events.on('quiet', () => voice.notice('The worker is quiet: it finishes what it has and reserves no more.'))
      events.on('resumed', () => voice.notice('The worker reserves jobs again.'))
      events.on('storeError', ({ operation, error, failures, retryMs }) => {
        // The same trouble is told at its start and then ever more rarely.
        if ((failures & (failures - 1)) !== 0) return
        const reason = error instanceof Error ? error.message : String(error)
        say(
          'error',
          `The store did not take ${operation} (${reason}); again in ${spoken(retryMs)}${failures > 1 ? `, ${failures} failures so far` : ''}.`,
          { event: 'store_error', operation, failures },
        )
      })
    },
    notice: (text) => say('warn', text),
    error(error) {
      say('error', errorLine(error))
      report(error, { source: 'process' })
    },
    farewell(reason) {
      const text = FAREWELLS[reason]
      if (text !== undefined) say('warn', text, { event: 'ends', reason })
      else logger?.info({ event: 'ends', reason }, 'The worker ends.')
    },
    async end() {
      await Promise.all([writer.end(), errors.end(), logs.end()])
    },
  }
  for (const warning of settings.warnings) voice.notice(warning)
  return voice
}

function stuckText(displayName: string, uuid: string): string {
  return `Job ${displayName} (${uuid}) goes on after its timeout and the grace: its attempt is settled as timed out.`
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
