import pino, { type Logger } from 'pino'
import type { LogLevel } from '../core/config.ts'
import type { Masker } from '../core/mask.ts'

export type { Logger }

/** Where lines go: each with its end. */
export interface Sink {
  write(line: string): void
}

/**
 * Lines of JSON: `level` as a word, `time` in ISO 8601 (UTC), `pid`, what `about` says of the process, then the line's own
 * keys, and `msg` last. An error under `err` loses the secrets in its texts.
 */
export function loggerTo(
  sinks: readonly Sink[],
  level: LogLevel,
  about: Record<string, unknown>,
  masker: Masker,
): Logger {
  const options = {
    level,
    base: { pid: process.pid, ...about },
    timestamp: isoTime(),
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => masker.value(asPlain(error)) },
  }
  const [only, ...others] = sinks
  if (only !== undefined && others.length === 0) return pino(options, only)
  return pino(options, {
    write(line: string) {
      for (const sink of sinks) sink.write(line)
    },
  })
}

/** Many lines of a busy worker are of the same millisecond. */
function isoTime(): () => string {
  let last = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== last) {
      last = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

function asPlain(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { name, message, stack } = error
  const { code } = error as { code?: unknown }
  return { type: name, message, stack, ...(typeof code === 'string' && { code }) }
}
