import type { WallClock } from '../core/wallclock.ts'
import type { Sink } from '../logs/logger.ts'
import type { Streams } from './output.ts'
import { safe, safeLines, styleFor } from './style.ts'

/** Takes lines of JSON and prints them for people: time, what was said, how long it took; errors with where they come from. */
export function readable({ stdout, env }: Pick<Streams, 'stdout' | 'env'>, clock: WallClock): Sink {
  const style = styleFor(stdout.isTTY === true, env)
  return {
    write(line) {
      const { level, time, msg, ms, err } = JSON.parse(line) as Record<string, unknown>
      const at = style.dim(clock.text(Date.parse(String(time))))
      const took = typeof ms === 'number' ? ` ${style.dim(`${ms}ms`)}` : ''
      const text = level === 'error' ? style.bad(safe(String(msg))) : safe(String(msg))
      const stack = (err as { stack?: unknown } | undefined)?.stack
      const where = typeof stack === 'string' ? `\n${style.dim(safeLines(stack))}` : ''
      stdout.write(`${at} ${text}${took}${where}\n`)
    },
  }
}
