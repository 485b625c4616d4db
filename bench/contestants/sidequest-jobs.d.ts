import type { Seen } from '../contestant.ts'

export class BenchJob {
  static seen: Seen
}
