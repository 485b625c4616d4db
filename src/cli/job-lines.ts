import type { LogLevel } from '../core/config.ts'
import { spoken } from '../core/duration.ts'
import type { Events } from '../core/events.ts'
import type { Masker } from '../core/mask.ts'
import { type SurfacedField, surfaced } from '../core/surface.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { FailedEvent, JobEvent, WorkerEvents } from '../worker/events.ts'
import type { LineWriter } from './line-writer.ts'
import { dottedLine } from './output.ts'
import { type Style, safe, widthOf } from './style.ts'

export interface LineOptions {
  writer: LineWriter
  level: LogLevel
  /** `terminal`: Laravel's two lines per job. `plain`: one line per attempt that ended. `json`: Laravel's JSON lines. */
  form: 'terminal' | 'plain' | 'json'
  style: Style
  /** Columns of the terminal. */
  width: () => number
  clock: WallClock
  /** Written into JSON lines. */
  connection: string
  /** More of each job: id, uuid, queue, attempt. */
  verbose: boolean
  /** Of the input, shown in each line. */
  fields: readonly SurfacedField[]
  masker: Masker
}

interface Ended {
  event: JobEvent | FailedEvent
  word: string
  colour: keyof Pick<Style, 'good' | 'warning' | 'bad'>
  /** Laravel's words for JSON lines. */
  status: string
  result?: 'deleted' | 'released' | 'failed'
  next?: string
}

/** Prints what a worker's jobs do, as Laravel's worker prints it. Listens only for what it prints. */
export function printJobs(events: Events<WorkerEvents>, options: LineOptions): void {
  const { level, form } = options
  const info = level === 'info' || level === 'debug'
  const lines = form === 'json' ? jsonLines(options) : textLines(options)
  if (level === 'silent') return
  if (info && form !== 'plain') events.on('started', lines.started)
  if (info) {
    events.on('completed', (event) =>
      lines.ended({ event, word: 'DONE', colour: 'good', status: 'success', result: 'deleted' }),
    )
    events.on('released', (event) =>
      lines.ended({
        event,
        word: 'RELEASED',
        colour: 'warning',
        status: 'success',
        result: 'released',
        next: `again in ${spoken(event.delayMs)}`,
      }),
    )
  }
  if (level !== 'error') {
    events.on('retrying', (event) =>
      lines.ended({
        event,
        word: 'FAIL',
        colour: 'warning',
        status: 'released_after_exception',
        result: 'released',
        next: `attempt ${event.attempts}, again in ${spoken(event.delayMs)}`,
      }),
    )
    events.on('cancelled', (event) =>
      lines.ended({ event, word: 'CANCELLED', colour: 'warning', status: 'cancelled', result: 'deleted' }),
    )
    events.on('lost', (event) =>
      lines.ended({ event, word: 'LOST', colour: 'warning', status: 'lost', next: 'its lease had ended' }),
    )
  }
  events.on('failed', (event) =>
    lines.ended({
      event,
      word: 'FAIL',
      colour: 'bad',
      status: 'failed',
      result: 'failed',
      next: `attempt ${event.attempts}, the last`,
    }),
  )
}

interface Lines {
  started(event: JobEvent): void
  ended(ended: Ended): void
}

function textLines(options: LineOptions): Lines {
  const { writer, form, style, width, clock, verbose } = options
  let second = 0
  let time = ''
  const now = () => {
    const ms = Date.now()
    if (Math.floor(ms / 1_000) !== second) {
      second = Math.floor(ms / 1_000)
      time = clock.text(ms)
    }
    return time
  }
  const detail = (event: JobEvent) => (verbose ? ` ${event.id} ${event.uuid} ${safe(event.queue)}` : '')
  const shown = (event: JobEvent) => {
    const pairs = Object.entries(shownFields(event, options) ?? {})
    return pairs.map(([name, value]) => ` ${name}=${safe(String(value))}`).join('')
  }
  const row = (event: JobEvent, right: string, rightWidth: number) => {
    const name = safe(event.displayName)
    const more = detail(event) + shown(event)
    const at = now()
    const lengths = at.length + 1 + widthOf(name) + more.length + rightWidth
    return dottedLine(`${style.dim(at)} ${name}${style.dim(more)}`, right, width(), style, lengths)
  }
  return {
    started: (event) => writer.line(row(event, style.warning('RUNNING'), 7)),
    ended({ event, word, colour, next }) {
      const took = runTime(event.ms)
      const reason = 'error' in event ? oneLine(event.error) : ''
      if (form === 'plain') {
        const why = [reason, next ? `(${next})` : ''].filter((part) => part !== '').join(' ')
        writer.line(
          `${now()} ${safe(event.displayName)} ${event.uuid} ${safe(event.queue)} ${took} ${word}${shown(event)}${why === '' ? '' : ` ${why}`}`,
        )
        return
      }
      const right = `${style.dim(took)} ${style[colour](word)}`
      writer.line(row(event, right, widthOf(right)))
      if (reason !== '' || next !== undefined)
        writer.line(`    ${style[colour](reason)}${next ? style.dim(` (${next})`) : ''}`)
    },
  }
}

function shownFields(event: JobEvent, { fields, masker }: LineOptions): Record<string, unknown> | undefined {
  const found = surfaced(fields, event.data)
  return found === null ? undefined : (masker.value(found) as Record<string, unknown>)
}

function jsonLines(options: LineOptions): Lines {
  const { writer, connection } = options
  const common = (event: JobEvent) => ({
    id: event.id,
    uuid: event.uuid,
    connection,
    queue: event.queue,
    job: event.displayName,
    fields: shownFields(event, options),
  })
  return {
    started: (event) =>
      writer.line(
        JSON.stringify({
          level: 'info',
          ...common(event),
          status: 'starting',
          attempts: event.attempts,
          timestamp: timestamp(),
        }),
      ),
    ended({ event, status, result }) {
      const error = 'error' in event ? event.error : undefined
      writer.line(
        JSON.stringify({
          level: status === 'success' ? 'info' : 'warning',
          ...common(event),
          status,
          result,
          attempts: event.attempts,
          exception: error === undefined ? undefined : nameOf(error),
          message: error === undefined ? undefined : error instanceof Error ? error.message : String(error),
          timestamp: timestamp(),
          duration: Math.round(event.ms * 1_000) / 1_000_000,
        }),
      )
    },
  }
}

/** `812.45ms`, and above a second `1s 250ms`. */
function runTime(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(2)}ms` : spoken(ms)
}

/** `YYYY-MM-DDTHH:MM:SS.uuuuuu+00:00`. */
export function timestamp(): string {
  return new Date().toISOString().replace('Z', '000+00:00')
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? `${nameOf(error)}: ${error.message}` : String(error)
  return safe(text.length > 300 ? `${text.slice(0, 299)}…` : text)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error'
}
