import type { Events } from '../core/events.ts'
import { exceptionText, headline } from '../core/exception.ts'
import { MASK, type Masker } from '../core/mask.ts'
import { type SurfacedField, surfacedValue } from '../core/surface.ts'
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
  const fieldsOf = maskedFields(fields, masker)
  const of = (event: JobEvent) => ({
    id: event.id,
    uuid: event.uuid,
    attempt: event.attempts,
    ms: Math.round(event.ms * 100) / 100,
    fields: fieldsOf(event.data),
  })
  // What all lines of a kind have in common is written out once: this runs once per job.
  const loggers = new Map<string, Logger>()
  const by = (kind: string, { displayName: job, queue }: JobEvent): Logger => {
    const key = `${kind}\n${queue}\n${job}`
    let known = loggers.get(key)
    if (known === undefined) {
      if (loggers.size >= MOST_LOGGERS) loggers.clear()
      known = logger.child({ event: kind, job, queue })
      loggers.set(key, known)
    }
    return known
  }
  const faultOf = (error: unknown) => {
    const type = error instanceof Error ? error.name : typeof error
    return { type, text: masker.text(exceptionText(error).slice(0, LONGEST_FAULT)) }
  }
  if (logger.isLevelEnabled('debug')) {
    events.on('started', (event) => by('started', event).debug(of(event), 'started'))
  }
  if (logger.isLevelEnabled('info')) {
    events.on('logged', (event) => by('logged', event).info(of(event), masker.text(event.line)))
    events.on('completed', (event) => by('completed', event).info(of(event), 'completed'))
    events.on('released', (event) => by('released', event).info({ ...of(event), again_ms: event.delayMs }, 'released'))
  }
  if (logger.isLevelEnabled('warn')) {
    events.on('retrying', (event) =>
      by('retrying', event).warn(
        { ...of(event), again_ms: event.delayMs, error: faultOf(event.error) },
        `failed, is tried again: ${lineOf(event.error, masker)}`,
      ),
    )
    events.on('timedOut', (event) =>
      by('timed_out', event).warn({ ...of(event), timeout_ms: event.timeoutMs }, 'its time is over'),
    )
    events.on('cancelled', (event) => by('cancelled', event).warn(of(event), 'cancelled while it ran'))
    events.on('lost', (event) => by('lost', event).warn(of(event), 'lost: its lease had ended, it may run elsewhere'))
    events.on('stuck', (event) => by('stuck', event).warn(of(event), 'goes on after its timeout and the grace'))
  }
  if (logger.isLevelEnabled('error')) {
    events.on('failed', (event) =>
      by('failed', event).error(
        { ...of(event), error: faultOf(event.error) },
        `failed for good: ${lineOf(event.error, masker)}`,
      ),
    )
  }
}

/** Pairs of queue and job, by kind of event, that are remembered. */
const MOST_LOGGERS = 1_000
const LONGEST_FAULT = 4_000
const LONGEST_LINE = 300

function lineOf(error: unknown, masker: Masker): string {
  return masker.text(headline(exceptionText(error)).slice(0, LONGEST_LINE))
}

/** The surfaced fields of an input, masked: once it is known which of them are secrets, only texts are looked into. */
function maskedFields(fields: readonly SurfacedField[], masker: Masker) {
  const known = fields.map((field) => ({ field, name: field.name, secret: isSecret(field.name, masker) }))
  return (data: unknown): Record<string, unknown> | undefined => {
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
    let found: Record<string, unknown> | undefined
    for (const { field, name, secret } of known) {
      const value = surfacedValue(field, data)
      if (value === undefined) continue
      found ??= {}
      found[name] = secret ? MASK : typeof value === 'string' ? masker.text(value) : value
    }
    return found
  }
}

function isSecret(name: string, masker: Masker): boolean {
  return (masker.value({ [name]: 'x' }) as Record<string, unknown>)[name] === MASK
}
