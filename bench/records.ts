import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Figures } from './roles/list.ts'

/** One figure set of one run. */
export interface Record {
  contestant: string
  measurement: string
  figures: Figures
}

export interface Failure {
  contestant: string
  workload: string
  text: string
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

  constructor(file?: string) {
    this.#file = file
    if (file === undefined || !existsSync(file)) return
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { records: Record[]; failures: Failure[] }
    this.records.push(...kept.records)
    this.failures.push(...kept.failures)
  }

  add(contestant: string, measured: globalThis.Record<string, Figures>): void {
    for (const [measurement, figures] of Object.entries(measured)) {
      this.records.push({ contestant, measurement, figures })
    }
    this.#keep()
  }

  fail(contestant: string, workload: string, error: unknown): void {
    this.failures.push({ contestant, workload, text: error instanceof Error ? error.message : String(error) })
    this.#keep()
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

  #keep(): void {
    if (this.#file === undefined) return
    writeFileSync(this.#file, JSON.stringify({ records: this.records, failures: this.failures }))
  }
}
