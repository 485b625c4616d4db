/**
 * Bounds (ms, inclusive) of the steps that waits and runs of attempts are counted in; a last step holds what is longer.
 * They are columns of the stores' tables, so they never change.
 */
export const HISTOGRAM_BOUNDS_MS = [10, 50, 100, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 1_800_000] as const

export const HISTOGRAM_STEPS = HISTOGRAM_BOUNDS_MS.length + 1

/** The step that so many ms fall into. */
export function histogramStep(ms: number): number {
  let step = 0
  while (step < HISTOGRAM_BOUNDS_MS.length && ms > HISTOGRAM_BOUNDS_MS[step]!) step++
  return step
}

export function noCounts(): number[] {
  return Array<number>(HISTOGRAM_STEPS).fill(0)
}

/** Step by step. */
export function sumOfCounts(a: readonly number[], b: readonly number[]): number[] {
  return a.map((count, step) => count + b[step]!)
}
