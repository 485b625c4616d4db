import type { Events } from '../core/events.ts'
import { exceptionText, headline } from '../core/exception.ts'
import type { Masker } from '../core/mask.ts'
import { type SurfacedField, surfaced } from '../core/surface.ts'
import type { JobEvent, WorkerEvents } from '../worker/events.ts'
import type { Logger } from './logger.ts'

export interface JobLogOptions {
  fields: readonly SurfacedField[]
  masker: Masker
}

/**
 * Logs what a worker's jobs do: a line per event with job, queue, id, uuid, attempt, ms and the surfaced fields of the
 * input, so that a search for an order finds all that happened to it. That an attempt began is told at `debug`, since its
 * end tells it again: at `info` a job that passes is one line. Nothing else of the input is logged, and secrets are masked.
 */
export function logJobs(events: Events<WorkerEvents>, logger: Logger, { fields, masker }: JobLogOptions): void {
  const fieldsOf = (event: JobEvent) => {
    const found = surfaced(fields, event.data)
    return found === null ? undefined : Object.assign({}, masker.value(found))
  }
  // One literal, so that all lines have one shape: this runs once per job.
  const of = (name: string, event: JobEvent) => ({
    event: name,
    job: event.displayName,
    queue: event.queue,
    id: event.id,
    uuid: event.uuid,
    attempt: event.attempts,
    ms: Math.round(event.ms * 100) / 100,
    fields: fieldsOf(event),
  })
  const faultOf = (error: unknown) => {
    const type = error instanceof Error ? error.name : typeof error
    return { type, text: masker.text(exceptionText(error).slice(0, LONGEST_FAULT)) }
  }
  if (logger.isLevelEnabled('debug')) {
    events.on('started', (event) => logger.debug(of('started', event), 'started'))
  }
  if (logger.isLevelEnabled('info')) {
    events.on('logged', (event) => logger.info(of('logged', event), masker.text(event.line)))
    events.on('completed', (event) => logger.info(of('completed', event), 'completed'))
    events.on('released', (event) => logger.info({ ...of('released', event), again_ms: event.delayMs }, 'released'))
  }
  if (logger.isLevelEnabled('warn')) {
    events.on('retrying', (event) =>
      logger.warn(
        { ...of('retrying', event), again_ms: event.delayMs, error: faultOf(event.error) },
        `failed, is tried again: ${lineOf(event.error, masker)}`,
      ),
    )
    events.on('timedOut', (event) =>
      logger.warn({ ...of('timed_out', event), timeout_ms: event.timeoutMs }, 'its time is over'),
    )
    events.on('cancelled', (event) => logger.warn(of('cancelled', event), 'cancelled while it ran'))
    events.on('lost', (event) => logger.warn(of('lost', event), 'lost: its lease had ended, it may run elsewhere'))
    events.on('stuck', (event) => logger.warn(of('stuck', event), 'goes on after its timeout and the grace'))
  }
  if (logger.isLevelEnabled('error')) {
    events.on('failed', (event) =>
      logger.error(
        { ...of('failed', event), error: faultOf(event.error) },
        `failed for good: ${lineOf(event.error, masker)}`,
      ),
    )
  }
}

const LONGEST_FAULT = 4_000
const LONGEST_LINE = 300

function lineOf(error: unknown, masker: Masker): string {
  return masker.text(headline(exceptionText(error)).slice(0, LONGEST_LINE))
}
