import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { repairs } from '../../src/client/repairs.ts'
import type { Store } from '../../src/store.ts'

/** A folder of its own for one test, removed when it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faena-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Waits until `condition` holds. Throws with `what` when it did not within `withinMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await sleep(20)
  }
}

export interface WorkerProcess {
  readonly pid: number
  readonly child: ChildProcess
  /** Resolves with the signal or code it ended by. */
  readonly ended: Promise<string | number | null>
}

/** Starts a worker process and waits until it works; it is killed when the test ends, should it still live. */
export async function startWorker(
  url: string,
  ledger: string,
  options: Record<string, string | number> = {},
  env: Record<string, string> = {},
): Promise<WorkerProcess> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = fork(
    new URL('./fixtures/chaos-worker.ts', import.meta.url),
    ['--url', url, '--ledger', ledger, ...flags],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...env },
    },
  )
  const ended = new Promise<string | number | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code))
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
    }
    await ended
  })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    void ended.then((how) => reject(new Error(`the worker ended with ${how} before it worked`)))
  })
  return { pid: child.pid!, child, ended }
}

export interface LedgerLine {
  event: 'start' | 'end' | 'lost' | 'completed'
  uuid: string
  attempt: number
  pid: number
  /** Seconds since this machine started: a clock that all processes share, and that no fault moves. */
  at: number
  /** What the job was dispatched with; in lines that a handler wrote. */
  number: number
  key: string | undefined
}

/** What all workers wrote, in the order they wrote it. */
export function readLedger(path: string): LedgerLine[] {
  if (!existsSync(path)) return []
  return (
    readFileSync(path, 'utf8')
      .split('\n')
      // What is being written just now has no end yet.
      .slice(0, -1)
      .map((line) => {
        const [event, uuid, attempt, pid, , at, number, key] = line.split(' ')
        return {
          event: event as LedgerLine['event'],
          uuid: uuid!,
          attempt: Number(attempt),
          pid: Number(pid),
          at: Number(at),
          number: Number(number),
          key: key || undefined,
        }
      })
  )
}

/** Counts the jobs that were completed so far, reading what was added since it was asked last. */
export function completions(path: string): () => number {
  const seen = new Set<string>()
  let position = 0
  return () => {
    if (!existsSync(path)) return 0
    const file = openSync(path, 'r')
    const added = Buffer.alloc(fstatSync(file).size - position)
    readSync(file, added, 0, added.length, position)
    closeSync(file)
    const end = added.lastIndexOf('\n') + 1
    position += end
    for (const line of added.toString('utf8', 0, end).split('\n')) {
      const [event, uuid] = line.split(' ', 2)
      if (event === 'completed') seen.add(uuid!)
    }
    return seen.size
  }
}

/**
 * What holds in the ledger whatever happened to processes, connections and servers, where no handler throws by itself:
 * every job that was acknowledged was run to its end, none was completed twice, and none saw a second attempt, since
 * crashes and outages give it back. Of those whose dispatch ended in doubt, up to `doubtful` may be there too.
 */
export function expectEndedOnce(lines: readonly LedgerLine[], acknowledged: ReadonlySet<string>, doubtful = 0): void {
  const uuidsOf = (event: LedgerLine['event']) => lines.filter((line) => line.event === event).map(({ uuid }) => uuid)
  const ends = new Set(uuidsOf('end'))
  expect([...acknowledged].filter((uuid) => !ends.has(uuid))).toEqual([])
  expect([...ends].filter((uuid) => !acknowledged.has(uuid)).length).toBeLessThanOrEqual(doubtful)
  const completions = uuidsOf('completed')
  expect(twice(completions)).toEqual([])
  expect(lines.filter(({ attempt }) => attempt !== 1)).toEqual([])
}

/** Runs that began although the ledger already had the job's completion. */
export function startedAfterCompletion(lines: readonly LedgerLine[]): LedgerLine[] {
  const completed = new Set<string>()
  return lines.filter((line) => {
    if (line.event === 'completed') completed.add(line.uuid)
    return line.event === 'start' && completed.has(line.uuid)
  })
}

/**
 * Retries the jobs that failed because three workers that held them were killed, as chance has it now and then; each must have
 * begun in killed processes alone, as the last thing that the last of them began. Returns how many.
 */
export async function retryBlamed(
  store: Store,
  lines: readonly LedgerLine[],
  killed: ReadonlySet<number>,
): Promise<number> {
  const { rows } = await store.listFailed({}, { limit: 100 })
  for (const { uuid, headline } of rows) {
    expect(headline).toContain('was held by 3 workers when they were last heard of')
    const starts = lines.filter(({ event }) => event === 'start')
    const pids = starts.filter((line) => line.uuid === uuid).map(({ pid }) => pid)
    expect(pids.length).toBeGreaterThanOrEqual(1)
    expect(pids.filter((pid) => !killed.has(pid))).toEqual([])
    expect(starts.findLast(({ pid }) => pid === pids.at(-1))?.uuid).toBe(uuid)
  }
  if (rows.length > 0) await repairs(store).retry('all')
  return rows.length
}

/** The shared clock of the ledger, in seconds. */
export function steadySeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9
}

function twice(uuids: readonly string[]): string[] {
  const seen = new Set<string>()
  return uuids.filter((uuid) => seen.size === seen.add(uuid).size)
}
