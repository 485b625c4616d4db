import { type Judgement, judge, MOST_HEAP_RISE, MOST_MORE_DESCRIPTORS, MOST_RESIDENT_RISE } from './flatness.ts'
import type { Ended } from './installation.ts'
import type { Ledger } from './ledger.ts'
import type { Seen } from './watch.ts'

/** What happened from the first dispatch to the last process's end. */
export interface Course {
  ledger: Ledger
  /** Jobs that were due, by second, and whether the snapshot was held. */
  backlog: { second: number; due: number; held: boolean }[]
  drained: boolean
  endings: Record<string, Ended>
  left: number[]
  refused: string[]
  /** Restarts that did not come about, and questions to the API without an answer. */
  failures: string[]
  deeds: number
  perSecond: number
  seen: Seen[]
  /** Seconds from which on processes are judged, and how long jobs were dispatched. */
  from: number
  seconds: number
}

export interface Report {
  store: string
  minutes: number
  rate: number
  perSecond: number
  ledger: Ledger
  /** The most jobs that were due at once, and that while the snapshot was held. */
  backlog: { most: number; mostHeld: number }
  troubles: number
  processes: (Judgement & { name: string; pid: number })[]
  /** Of those that were killed, stopped and restarted. */
  restless: { processes: number; mostResident: number; mostHeap: number; mostDescriptors: number }
  broken: string[]
}

/** Of what was to be dispatched, so much at least is. */
const LEAST_RATE = 0.97
/** Jobs due at once: what comes in so many seconds. */
const MOST_BACKLOG_S = 10
/** Of the time judged, a process must have lived for so much to be judged by itself. */
const WHOLE = 0.9
/** As live-heap.ts writes it down. */
const HEAP_EVERY_S = 10

export function reportOf(
  course: Course & { store: string; minutes: number; rate: number; judgesMemory: boolean },
): Report {
  const { ledger, seen, from, seconds, rate } = course
  const processes: Report['processes'] = []
  const rest: Seen[] = []
  for (const one of seen) {
    const samples = one.samples.filter(({ second }) => second > from)
    // Of those that were there from the start; the looks of the others are not to be compared.
    const heaps = one.heaps.slice(-Math.floor(samples.length / HEAP_EVERY_S))
    const judged = samples.length >= (seconds - from) * WHOLE ? judge(samples, heaps) : undefined
    if (judged === undefined) rest.push(one)
    else processes.push({ name: one.name, pid: one.pid, ...judged })
  }
  const most = (of: 'bytes' | 'descriptors') =>
    Math.max(0, ...rest.flatMap(({ samples }) => samples.map((sample) => sample[of])))
  const restless = {
    processes: rest.length,
    mostResident: most('bytes'),
    mostHeap: Math.max(0, ...rest.flatMap(({ heaps }) => heaps)),
    mostDescriptors: most('descriptors'),
  }
  const due = (some: Course['backlog']) => Math.max(0, ...some.map((one) => one.due))
  const backlog = { most: due(course.backlog), mostHeld: due(course.backlog.filter(({ held }) => held)) }
  const report = { processes, restless, backlog, ledger, perSecond: course.perSecond, troubles: course.deeds }
  const { store, minutes } = course
  return {
    store,
    minutes,
    rate,
    ...report,
    broken: [...brokenOf(course, report), ...(course.judgesMemory ? unflat(report) : [])],
  }
}

function brokenOf(
  { drained, endings, left, refused, failures, rate, perSecond }: Course & { rate: number },
  { ledger, backlog, processes }: Pick<Report, 'ledger' | 'backlog' | 'processes'>,
): string[] {
  const broken: string[] = []
  for (const [kind, numbers] of Object.entries(ledger.wrong)) {
    if (numbers.length > 0) broken.push(`ledger: ${kind}: jobs ${numbers.join(', ')}`)
  }
  if (refused.length > 0) broken.push(`dispatches were refused: ${refused[0]}`)
  for (const failure of failures.slice(0, 10)) broken.push(failure)
  if (!drained) broken.push('the queue did not become empty')
  if (perSecond < rate * LEAST_RATE)
    broken.push(`only ${perSecond.toFixed(0)} of ${rate} jobs a second were dispatched`)
  if (backlog.most > rate * MOST_BACKLOG_S) broken.push(`${backlog.most} jobs were due at once`)
  for (const [name, { code, signal }] of Object.entries(endings)) {
    if (code !== 0) broken.push(`${name} ended with ${code ?? signal}`)
  }
  if (left.length > 0) broken.push(`processes were left: ${left.join(', ')}`)
  for (const { name, descriptors } of processes) {
    const { first, last } = descriptors
    if (last > first + MOST_MORE_DESCRIPTORS)
      broken.push(`${name} had mostly ${first} files open, and ${last} in the end`)
  }
  return broken
}

function unflat({ processes, restless }: Pick<Report, 'processes' | 'restless'>): string[] {
  const broken: string[] = []
  for (const { name, heap, resident } of processes) {
    if (heap.rise > MOST_HEAP_RISE) broken.push(`the live heap of ${name} rose by ${mebibytes(heap.rise)} MiB`)
    if (resident.rise > MOST_RESIDENT_RISE) broken.push(`the memory of ${name} rose by ${mebibytes(resident.rise)} MiB`)
  }
  // Those that are started anew have the same to do as the one that stays.
  const steady = processes.find(({ name }) => name.startsWith('steady'))
  if (steady && restless.mostResident > steady.resident.most + MOST_RESIDENT_RISE) {
    broken.push(`a worker that was started anew had ${mebibytes(restless.mostResident)} MiB`)
  }
  return broken
}

export function tableOf(report: Report): string {
  const { ledger, backlog, processes, restless, troubles, broken } = report
  const row = (...cells: (string | number)[]) =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(11))).join('')
  const rows = processes.map(({ name, heap, resident, descriptors }) => {
    const sizes = [heap.first, heap.last, heap.rise, resident.first, resident.last, resident.rise, resident.most]
    return row(name, ...sizes.map(mebibytes), descriptors.first, descriptors.last, descriptors.most)
  })
  const { mostHeap, mostResident, mostDescriptors } = restless
  rows.push(row('restarted', '', mebibytes(mostHeap), '', '', '', '', mebibytes(mostResident), '', '', mostDescriptors))
  return `${report.store}, ${report.minutes} minutes: ${ledger.dispatched} jobs dispatched, ${report.perSecond.toFixed(0)} a second;
${ledger.ended} ended, ${ledger.failed} failed for good, ${ledger.twiceByKill} ran twice since their worker was killed.
${restless.processes} processes of workers came and went in ${troubles} troubles. At most ${backlog.most} jobs were due at once,
${backlog.mostHeld} while the snapshot was held.

${row('MiB', 'live heap', '…last', '…rise', 'resident', '…last', '…rise', '…most', 'files', '…last', '…most')}
${rows.join('\n')}

${broken.length === 0 ? 'No bound is broken.' : broken.map((one) => `BROKEN: ${one}`).join('\n')}
`
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
