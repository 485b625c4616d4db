import type { ErrorAbout, ErrorHook } from '../core/config.ts'
import type { Events } from '../core/events.ts'
import { type SurfacedField, surfaced } from '../core/surface.ts'
import type { FailedEvent, WorkerEvents } from '../worker/events.ts'

/** Calls the configuration's `onError`; its own errors go to `failed`, and change nothing. */
export type ReportError = (error: unknown, about: ErrorAbout) => void

export function errorReporter(hook: ErrorHook | null, failed: (error: unknown) => void): ReportError {
  if (hook === null) return () => {}
  const threw = (cause: unknown) => failed(new Error('onError of the configuration threw', { cause }))
  return (error, about) => {
    try {
      const late = hook(error, about)
      if (late instanceof Promise) late.catch(threw)
    } catch (cause) {
      threw(cause)
    }
  }
}

/** Reports what a worker's events tell of errors: each attempt that failed, and the beginnings of trouble with the store. */
export function reportErrors(
  events: Events<WorkerEvents>,
  fields: readonly SurfacedField[],
  report: ReportError,
): void {
  const tell = (event: FailedEvent, final: boolean) => {
    const { displayName: name, queue, uuid, id, attempts: attempt, data } = event
    const job = { name, queue, uuid, id, attempt, final, fields: surfaced(fields, data) ?? {} }
    report(event.error, { source: 'job', job })
  }
  events.on('failed', (event) => tell(event, true))
  events.on('retrying', (event) => tell(event, false))
  events.on('storeError', ({ error, failures }) => {
    if (failures === 1) report(error, { source: 'store' })
  })
}
