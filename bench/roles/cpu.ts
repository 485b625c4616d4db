import { readFileSync } from 'node:fs'

/** This process from now on: its time, its processor time, its most memory, what it wrote. */
export function meter() {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const written = bytesWritten()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return {
      ms: performance.now() - started,
      cpuMs: (user + system) / 1_000,
      peakMiB: process.resourceUsage().maxRSS / 1_024,
      writtenBytes: bytesWritten() - written,
    }
  }
}

/** Bytes given to write(), to files and sockets alike; NaN where the system does not tell. */
function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}
