import { readdirSync, readFileSync } from 'node:fs'

/** What /proc says of a server's processes; zeros where a system has no /proc, or the process is gone. */

const TICK_MS = 10

/** Readings that a child ended under are taken again, at most so often. */
const MOST_READINGS = 50

/**
 * Processor time of a process, its children, and those that ended. A child that is reaped while the numbers are read would
 * count in none of them, or twice: such a reading is taken again, so that the sum never falls while children come and go.
 */
export function cpuMsOf(pid: number): number {
  let reading = readingOf(pid)
  for (let tries = 1; !reading.whole && tries < MOST_READINGS; tries++) reading = readingOf(pid)
  return reading.ticks * TICK_MS
}

function readingOf(pid: number): { ticks: number; whole: boolean } {
  const before = stat(pid)
  const children = childrenOf(pid)
  const after = stat(pid)
  return {
    ticks: [after, ...children.map(({ fields }) => fields)].reduce((sum, fields) => sum + ticks(fields), 0),
    // `X` is a child between its two accounts: taken from the one or not, given to the other or not.
    whole: before[13] === after[13] && before[14] === after[14] && children.every(({ state }) => state !== 'X'),
  }
}

/** Pages that several processes share are divided among them. */
export function memoryMiBOf(pid: number): number {
  return [pid, ...childrenOf(pid).map((child) => child.pid)].reduce((sum, one) => sum + proportional(one), 0) / 1_024
}

export function parentOf(pid: number): number {
  return stat(pid)[1] ?? 0
}

/** What its children call themselves; empty for one that has ended and is not yet reaped. */
export function titlesOfChildren(pid: number): { pid: number; title: string }[] {
  return childrenOf(pid).map((child) => ({
    pid: child.pid,
    title: read(`/proc/${child.pid}/cmdline`).replaceAll('\0', ' ').trim(),
  }))
}

interface Child {
  pid: number
  state: string | undefined
  fields: number[]
}

/** Each with its numbers of the same read that said whose child it is. */
function childrenOf(parent: number): Child[] {
  return readdirSafely('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .map((pid) => ({ pid, ...statText(pid) }))
    .filter(({ fields }) => fields[1] === parent)
}

/** From the state on: 0 state, 1 parent, 11 user, 12 system, 13 and 14 the same of ended children. */
function stat(pid: number): number[] {
  return statText(pid).fields
}

function statText(pid: number): { state: string | undefined; fields: number[] } {
  const texts = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return { state: texts[0], fields: texts.map(Number) }
}

function ticks(fields: number[]): number {
  return [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0), 0)
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
