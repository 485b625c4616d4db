import { expect } from 'vitest'
import type { LedgerLine } from '../support.ts'
import type { Producer } from './producer.ts'

/** One run of a handler, as the ledger has it. `end` is missing where the handler was aborted or its process killed. */
interface Run {
  uuid: string
  pid: number
  number: number
  key: string | undefined
  start: number
  end: number | undefined
}

/** Nothing ran that was not dispatched, was refused, or gave way to the holder of its key; and nothing was stored twice. */
export function expectNoPhantoms(lines: readonly LedgerLine[], { answers }: Producer): void {
  const stored = new Map<number, string>()
  const phantoms: string[] = []
  for (const { event, number, uuid } of lines) {
    if (event !== 'start') continue
    const answer = answers.get(number)
    const told = answer?.told ?? 'never dispatched'
    if (told !== 'dispatched' && told !== 'doubtful') phantoms.push(`job ${number} ran, which was ${told}`)
    const known = answer?.told === 'dispatched' ? answer.uuid : (stored.get(number) ?? uuid)
    if (known !== uuid) phantoms.push(`job ${number} was stored as ${known} and as ${uuid}`)
    stored.set(number, uuid)
  }
  expect(phantoms).toEqual([])
}

/** No delayed job began before its time. */
export function expectNoneEarly(lines: readonly LedgerLine[], { notBefore }: Producer): void {
  const early = lines.filter(({ event, number, at }) => event === 'start' && at < (notBefore.get(number) ?? 0))
  expect(early).toEqual([])
}

/**
 * At most one job had a unique key at a time: the runs that completed jobs of one key do not overlap, and where a
 * dispatch gave way, the job it was told of had the key.
 */
export function expectKeysHeldOnce(lines: readonly LedgerLine[], { answers }: Producer): void {
  const keys = new Map(lines.flatMap(({ uuid, key }) => (key === undefined ? [] : [[uuid, key] as const])))
  const byKey = Map.groupBy(
    completingRuns(lines).filter(({ key }) => key !== undefined),
    ({ key }) => key,
  )
  for (const runs of byKey.values()) {
    const inTime = runs.sort((a, b) => a.start - b.start)
    const overlapping = inTime.filter((run, at) => at > 0 && run.start < inTime[at - 1]!.end!)
    expect(overlapping).toEqual([])
  }
  const holders = [...answers.values()].filter(({ told }) => told === 'skipped') as { uuid: string }[]
  expect(holders.filter(({ uuid }) => !keys.has(uuid))).toEqual([])
}

/**
 * What a process did with a job counted, or the process was told that it did not. `killed`: those that were not there any
 * more to be told.
 */
export function expectStaleTold(lines: readonly LedgerLine[], killed: ReadonlySet<number>): void {
  const told = new Map<string, number>()
  const of = ({ uuid, pid }: { uuid: string; pid: number }) => `${uuid} ${pid}`
  for (const line of lines) {
    if (line.event === 'completed' || line.event === 'lost') told.set(of(line), (told.get(of(line)) ?? 0) + 1)
    if (line.event === 'end') told.set(of(line), (told.get(of(line)) ?? 0) - 1)
  }
  const untold = [...told].filter(([which, count]) => count < 0 && !killed.has(Number(which.split(' ')[1])))
  expect(untold).toEqual([])
}

/** Of each completed job, the run that completed it: the last that ended in the process that wrote the completion. */
function completingRuns(lines: readonly LedgerLine[]): Run[] {
  const running = new Map<string, Run>()
  const completing: Run[] = []
  for (const line of lines) {
    const which = `${line.uuid} ${line.pid}`
    const run = running.get(which)
    if (line.event === 'start') {
      const { uuid, pid, number, key, at } = line
      running.set(which, { uuid, pid, number, key, start: at, end: undefined })
    } else if (line.event === 'end' && run) run.end = line.at
    else if (line.event === 'completed' && run?.end !== undefined) completing.push(run)
  }
  return completing
}
