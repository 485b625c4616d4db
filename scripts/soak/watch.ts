import { readFileSync } from 'node:fs'
import type { SoakInstallation } from './installation.ts'
import { type Figures, figuresOf } from './process-figures.ts'

/** What one process was seen to have, second by second. */
export interface Seen {
  /** `supervisor`, `api`, `producer`, or the name of a worker's place. */
  name: string
  pid: number
  samples: (Figures & { second: number })[]
  /** What lived in its heap, every ten seconds of its life. */
  heaps: number[]
}

/** Looks at every process each second, from outside. */
export class Watch {
  /** By pid, in the order they came. */
  readonly seen = new Map<number, Seen>()
  readonly #installation: SoakInstallation
  readonly #own: Readonly<Record<string, number>>

  /** `own`: processes that are not the supervisor's, by name. */
  constructor(installation: SoakInstallation, own: Readonly<Record<string, number>>) {
    this.#installation = installation
    this.#own = own
  }

  async look(second: number): Promise<void> {
    for (const [name, pid] of Object.entries(this.#own)) this.#note(name, pid, second)
    const rows = await this.#installation.processes().catch(() => [])
    for (const { name, pid } of rows) if (pid !== null) this.#note(name.split(':').at(-1)!, pid, second)
  }

  /** With what the processes themselves wrote down. */
  everything(): Seen[] {
    for (const line of readFileSync(this.#installation.paths.heaps, 'utf8').split('\n').slice(0, -1)) {
      const [pid, bytes] = line.split(' ').map(Number) as [number, number]
      this.seen.get(pid)?.heaps.push(bytes)
    }
    return [...this.seen.values()]
  }

  #note(name: string, pid: number, second: number): void {
    const figures = figuresOf(pid)
    if (figures === undefined) return
    if (!this.seen.has(pid)) this.seen.set(pid, { name, pid, samples: [], heaps: [] })
    this.seen.get(pid)!.samples.push({ second, ...figures })
  }
}
