import type { Controls } from './wire.ts'

const STOP: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']
/** One Ctrl+C can arrive twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 500

/**
 * Laravel's signals: SIGTERM, SIGINT and SIGQUIT (and a lost terminal) stop, a second one stops at once; SIGUSR2 is quiet,
 * SIGCONT resumes. Returns what takes the listeners away again.
 */
export function onSignals(controls: Controls): () => void {
  let firstAt: number | undefined
  const stop = () => {
    const now = performance.now()
    if (firstAt === undefined) {
      firstAt = now
      controls.stop()
    } else if (now - firstAt > SAME_PRESS_MS) controls.stopNow()
  }
  const quiet = () => controls.quiet()
  const resume = () => controls.resume()
  for (const signal of STOP) process.on(signal, stop)
  process.on('SIGUSR2', quiet)
  process.on('SIGCONT', resume)
  return () => {
    for (const signal of STOP) process.off(signal, stop)
    process.off('SIGUSR2', quiet)
    process.off('SIGCONT', resume)
  }
}
