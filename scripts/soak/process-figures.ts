import { readdirSync, readFileSync } from 'node:fs'

/** What the system says of a process at one moment. */
export interface Figures {
  /** Resident memory. */
  bytes: number
  descriptors: number
}

/** Undefined once the process has ended. Linux only. */
export function figuresOf(pid: number): Figures | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    if (kilobytes === undefined) return undefined
    return { bytes: Number(kilobytes) * 1_024, descriptors: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}
