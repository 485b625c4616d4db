import { type StoredBackoff, storedBackoff } from './backoff.ts'
import { CONFIG_FILE, type FaenaConfig, type JobSource } from './config.ts'
import { milliseconds } from './duration.ts'
import { isHandler, isJob } from './handler.ts'
import { type HistoryOptions, historyRules } from './history.ts'
import { type AnyJob, wholeNumber } from './job.ts'
import { masker } from './mask.ts'
import { bad, textOf } from './readers.ts'
import { type ConfiguredSchedule, checkSchedule } from './schedule.ts'
import { surfacedFields } from './surface.ts'
import type { Telemetry } from './telemetry.ts'

/** Readers of the configuration's larger parts: what jobs, schedules, history and their like may be. */

export interface HistorySettings {
  retentionMs: number
  perSecond: number
  metricsMs: number
  options: HistoryOptions
}

export const HISTORY: HistorySettings = {
  ...{ retentionMs: 86_400_000, perSecond: 20, metricsMs: 14 * 86_400_000 },
  options: {},
}

export function historyOf(value: unknown, name: string): HistorySettings {
  const keys = 'retention, perSecond, metrics, keep, queues'
  if (typeof value !== 'object' || value === null) throw bad(name, value, `an object of ${keys}`)
  const { retention, perSecond, metrics, keep, queues, ...rest } = value as NonNullable<FaenaConfig['history']>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw bad(name, unknown, keys)
  const options = { keep, retention, queues }
  return {
    retentionMs: historyRules(options, 'history').pruneMs,
    perSecond: wholeNumber(perSecond ?? HISTORY.perSecond, 0, 10_000, `history.perSecond of ${CONFIG_FILE}`),
    metricsMs: metrics === undefined ? HISTORY.metricsMs : milliseconds(metrics, `history.metrics of ${CONFIG_FILE}`),
    options,
  }
}

export function jobsOf(sources: JobSource | readonly JobSource[]): AnyJob[] {
  const jobs = new Map<string, AnyJob>()
  for (const source of Array.isArray(sources) ? sources : [sources]) {
    if (typeof source !== 'object' || source === null) {
      throw bad(`jobs of ${CONFIG_FILE}`, source, 'definitions made by defineJob, or modules that export them')
    }
    const found = definitionsIn(source)
    if (found.length === 0)
      throw bad(`jobs of ${CONFIG_FILE}`, Object.keys(source), 'a module that exports a definition made by defineJob')
    for (const job of found) {
      const known = jobs.get(job.name)
      if (known !== undefined && known !== job)
        throw bad(`jobs of ${CONFIG_FILE}`, job.name, 'one definition per name; two have this one')
      jobs.set(job.name, job)
    }
  }
  return [...jobs.values()]
}

function definitionsIn(source: JobSource): AnyJob[] {
  return [source, ...Object.values(source)].flatMap((value) =>
    isJob(value) ? [value] : isHandler(value) ? [value.job] : [],
  )
}

export function schedulesOf(value: unknown, timezone: string): ConfiguredSchedule[] {
  if (!Array.isArray(value)) throw bad(`schedules of ${CONFIG_FILE}`, value, 'a list')
  const schedules = value.map((definition) => checkSchedule(definition ?? {}, timezone))
  const keys = schedules.map(({ key }) => key)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined)
    throw bad(`schedules of ${CONFIG_FILE}`, twice, 'one schedule per key; give one of them a key of its own')
  return schedules
}

export function backoffOf(value: unknown, name: string): StoredBackoff {
  const stored = storedBackoff(value as NonNullable<FaenaConfig['backoff']>, name)
  if (stored === undefined) throw bad(name, value, 'a duration, a list of them, or { base, factor, max, jitter }')
  return stored
}

export function surfaceOf(value: unknown, name: string): string {
  surfacedFields(textOf(value, name), name)
  return value as string
}

export function maskOf(value: unknown, name: string): string {
  masker(textOf(value, name), name)
  return value as string
}

export function telemetryOf(value: unknown, name: string): Telemetry {
  const { dispatch, attempt } = (value ?? {}) as Partial<Telemetry>
  if (typeof dispatch === 'function' && typeof attempt === 'function') return value as Telemetry
  throw bad(name, value, 'what openTelemetry() of faena/otel returns')
}
