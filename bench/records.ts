import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Figures } from './roles/list.ts'
import type { Measured } from './workloads/list.ts'

/** One figure set of one run. */
export interface Record {
  contestant: string
  measurement: string
  figures: Figures
  /** The day it was taken, and of which commit (with `+` where files differed from it); nothing of records older than that. */
  on?: string
  commit?: string
}

export interface Failure {
  contestant: string
  workload: string
  text: string
  on?: string
  commit?: string
}

/** Median, least and most of several runs. */
export interface Spread {
  median: number
  least: number
  most: number
  runs: number
}

/** All that was measured; with a file, also what earlier runs left there. */
export class Records {
  readonly records: Record[] = []
  readonly failures: Failure[] = []
  readonly #file: string | undefined
  readonly #commit = commit()
  /** How many of them come from earlier runs. */
  #earlier = { records: 0, failures: 0 }

  constructor(file?: string) {
    this.#file = file
    if (file === undefined || !existsSync(file)) return
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { records: Record[]; failures: Failure[] }
    this.records.push(...kept.records)
    this.failures.push(...kept.failures)
    this.#earlier = { records: this.records.length, failures: this.failures.length }
  }

  add(contestant: string, measured: Measured): void {
    for (const [measurement, taken] of Object.entries(measured)) {
      for (const figures of [taken].flat() as Figures[])
        this.records.push({ contestant, measurement, figures, ...this.#now() })
    }
    this.#keep()
  }

  fail(contestant: string, workload: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.failures.push({ contestant, workload, text, ...this.#now() })
    this.#keep()
  }

  /** What this run, and no earlier one, shows to be wrong: jobs not run once by anybody, and contestants of ours that failed. */
  troubles(): string[] {
    const wrong = this.records
      .slice(this.#earlier.records)
      .filter(({ figures }) => figures.exactlyOnce === 0)
      .map(({ contestant, measurement }) => `${contestant}, ${measurement}: a job ran twice or was lost`)
    const failed = this.failures
      .slice(this.#earlier.failures)
      .filter(({ contestant }) => contestant.startsWith('faena'))
      .map(({ contestant, workload }) => `${contestant}, ${workload}: failed`)
    return [...wrong, ...failed]
  }

  /** A line that says so where not all of it was taken on one day of one commit; empty otherwise. */
  when(): string {
    const takes = new Set(
      this.records.map(({ on = 'an unknown day', commit: of }) => (of === undefined ? on : `${on} at commit ${of}`)),
    )
    if (takes.size < 2) return ''
    return `These figures are of several runs: ${[...takes].sort().join(', ')}.`
  }

  /** A worker was cut off in a run of it, or a job did not run once. */
  flaws(contestant: string, measurement: string): { cut: boolean; invalid: boolean } {
    return {
      cut: this.spread(contestant, measurement, 'cut')?.most === 1,
      invalid: this.spread(contestant, measurement, 'exactlyOnce')?.least === 0,
    }
  }

  has(measurement: string): boolean {
    return this.records.some((record) => record.measurement === measurement)
  }

  /** Those who took part, in the order of the first record. */
  contestants(measurement: (name: string) => boolean): string[] {
    const names = this.records.filter((record) => measurement(record.measurement)).map(({ contestant }) => contestant)
    return [...new Set(names)]
  }

  spread(contestant: string, measurement: string, figure: string): Spread | undefined {
    const values = this.records
      .filter((record) => record.contestant === contestant && record.measurement === measurement)
      // JSON has no NaN; what was none comes back as null.
      .map(({ figures }) => figures[figure] ?? Number.NaN)
      .filter((value) => !Number.isNaN(value))
      .sort((a, b) => a - b)
    if (values.length === 0) return undefined
    const middle = values.length >> 1
    const median = values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2
    return { median, least: values[0]!, most: values.at(-1)!, runs: values.length }
  }

  median(contestant: string, measurement: string, figure = 'jobsPerSecond'): number | undefined {
    return this.spread(contestant, measurement, figure)?.median
  }

  #now(): { on: string; commit?: string } {
    const on = new Date().toISOString().slice(0, 10)
    return this.#commit === undefined ? { on } : { on, commit: this.#commit }
  }

  #keep(): void {
    if (this.#file === undefined) return
    writeFileSync(this.#file, JSON.stringify({ records: this.records, failures: this.failures }))
  }
}

function commit(): string | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    // A copy of the files without their history.
    return undefined
  }
}
