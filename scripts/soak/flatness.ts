import type { Figures } from './process-figures.ts'

/**
 * What lives in a heap may rise by so much over the time judged. Buffers and lists of jobs under way make it differ by a few
 * hundred kilobytes from one look to the next; a worker that kept 50 bytes of each job for ever would pass it in seven
 * minutes at 170 jobs a second.
 */
export const MOST_HEAP_RISE = 2 * 1_024 * 1_024
/**
 * The memory that the system gave to a process is more than its heap: what was freed and may be used again, compiled code,
 * buffers of the database's client. It comes and goes by some megabytes, in steps.
 */
export const MOST_RESIDENT_RISE = 12 * 1_024 * 1_024
/** Where what is mostly open in a third of the time rises by more than this, something is not closed. */
export const MOST_MORE_DESCRIPTORS = 2
/** Seconds. A collection falls into each: the least of it is what is held. */
const WINDOW = 20

export interface Judgement {
  heap: Trend
  resident: Trend & { most: number }
  /**
   * The median of the first third of the time and of the last, and the most ever. A process that others are started by has more for a
   * moment in each restart, and less while one is gone.
   */
  descriptors: { first: number; last: number; most: number }
}

export interface Trend {
  first: number
  last: number
  /** By the slope, over the time judged. */
  rise: number
  /** All that was judged, in order. */
  values: readonly number[]
}

/** Judges what one process was seen to have, second by second; undefined where that is too little to have a slope. */
export function judge(samples: readonly Figures[], heaps: readonly number[]): Judgement | undefined {
  const lows: number[] = []
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    lows.push(Math.min(...samples.slice(at, at + WINDOW).map(({ bytes }) => bytes)))
  }
  if (lows.length < 2 || heaps.length < 2) return undefined
  const third = Math.ceil(samples.length / 3)
  const open = samples.map(({ descriptors }) => descriptors)
  return {
    heap: trend(heaps),
    resident: { ...trend(lows), most: Math.max(...samples.map(({ bytes }) => bytes)) },
    descriptors: {
      first: median(open.slice(0, third)),
      last: median(open.slice(-third)),
      most: Math.max(...open),
    },
  }
}

function trend(values: readonly number[]): Trend {
  return { first: values[0]!, last: values.at(-1)!, rise: Math.round(slope(values) * (values.length - 1)), values }
}

/** The median of the slopes between any two values (Theil and Sen): one step or one outlier does not bend it. */
export function slope(values: readonly number[]): number {
  const slopes: number[] = []
  for (let from = 0; from < values.length; from++) {
    for (let to = from + 1; to < values.length; to++) slopes.push((values[to]! - values[from]!) / (to - from))
  }
  return median(slopes)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
