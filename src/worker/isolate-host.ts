/**
 * What runs in the thread or child process of an isolated handler. It imports the handler's module, runs one job at a
 * time as it is told, and sends back what the handler says and how it ended. As a child process it ends when its worker
 * does, and leaves signals to it.
 */
import { parentPort } from 'node:worker_threads'
import { type ErrorCode, FaenaError } from '../core/errors.ts'
import { type PortableError, portable } from '../core/exception.ts'
import { type Handler, isHandler } from '../core/handler.ts'
import { FailSignal, type PolicyDefaults, policyOf, ReleaseSignal } from '../core/outcome.ts'
import { readPayload } from '../core/payload.ts'
import type { ReservedJob } from '../store.ts'
import { Context } from './context.ts'
import { JobRun } from './job-run.ts'
import type { NoteChange } from './notes.ts'
import { readInput } from './run.ts'

export type ToHost =
  | { kind: 'run'; job: ReservedJob; name: string; module: string; defaults: PolicyDefaults }
  | { kind: 'abort'; code: ErrorCode; message: string }

export type FromHost =
  | { kind: 'note'; change: NoteChange }
  | { kind: 'done'; result: unknown }
  | { kind: 'released'; delayMs: number }
  | { kind: 'failed'; error: PortableError; final: boolean }

let current: JobRun | null = null

if (parentPort !== null) {
  const port = parentPort
  port.on('message', (message: ToHost) => void obey(message, (answer) => port.postMessage(answer)))
} else if (process.send !== undefined) {
  process.on('message', (message: ToHost) => void obey(message, (answer) => void process.send?.(answer)))
  process.on('disconnect', () => process.exit())
  // A terminal sends these to the whole group; the worker decides when its jobs end.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
}

async function obey(message: ToHost, send: (answer: FromHost) => void): Promise<void> {
  if (message.kind === 'abort') {
    current?.abort(new FaenaError(message.code, message.message))
    return
  }
  const run = new JobRun(message.job, null)
  run.isolated = true
  current = run
  try {
    const handler = await findHandler(message.module, message.name)
    run.payload = readPayload(message.job.payload)
    run.policy = policyOf(run.payload, handler.job, message.defaults)
    run.notes.relay = (change) => send({ kind: 'note', change })
    const input = await readInput(handler, run.payload)
    const result = await handler.run(new Context(run, input))
    if (run.wish !== null) throw run.wish
    sendResult(result, run, send)
  } catch (error) {
    send(ending(run.wish ?? error))
  } finally {
    current = null
  }
}

async function findHandler(module: string, name: string): Promise<Handler> {
  const exports = (await import(module)) as Record<string, unknown>
  const found = Object.values(exports).find((value) => isHandler(value) && value.job.name === name)
  if (found !== undefined) return found as Handler
  throw new FaenaError(
    'UNKNOWN_JOB',
    `Module ${module} exports no handler of job ${name}. An isolated handler is imported anew where it runs: export it, and pass isolate.module: import.meta.url of the file that does.`,
  )
}

/** A result nobody keeps need not survive the way back. */
function sendResult(result: unknown, run: JobRun, send: (answer: FromHost) => void): void {
  try {
    send({ kind: 'done', result })
  } catch (error) {
    if (run.payload?.faena.keepResultMs !== undefined) throw error
    send({ kind: 'done', result: undefined })
  }
}

function ending(error: unknown): FromHost {
  if (error instanceof ReleaseSignal) return { kind: 'released', delayMs: error.delayMs }
  const final = error instanceof FailSignal
  return { kind: 'failed', error: portable(final ? error.error : error), final }
}
