import type { Seen } from '../contestant.ts'

// biome-ignore lint/complexity/noStaticOnlyClass: the form Sidequest asks for
export class BenchJob {
  static seen: Seen
}
