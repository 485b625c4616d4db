import { readdirSync, readFileSync } from 'node:fs'

/** What /proc says of a server's processes; zeros where a system has no /proc, or the process is gone. */

const TICK_MS = 10

/** Processor time of a process, its children, and those that ended. */
export function cpuMsOf(pid: number): number {
  const own = stat(pid)
  const ended = (own[13] ?? 0) + (own[14] ?? 0)
  const children = childrenOf(pid).reduce((sum, child) => sum + ticks(stat(child)), 0)
  return (ticks(own) + ended + children) * TICK_MS
}

/** Pages that several processes share are divided among them. */
export function memoryMiBOf(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + proportional(one), 0) / 1_024
}

export function parentOf(pid: number): number {
  return stat(pid)[1] ?? 0
}

function childrenOf(parent: number): number[] {
  return readdirSafely('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && stat(pid)[1] === parent)
}

/** From the state on: 0 state, 1 parent, 11 user, 12 system, 13 and 14 the same of ended children. */
function stat(pid: number): number[] {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number)
}

function ticks(fields: number[]): number {
  return (fields[11] ?? 0) + (fields[12] ?? 0)
}

function proportional(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function readdirSafely(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
