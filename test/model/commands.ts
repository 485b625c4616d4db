import type fc from 'fast-check'
import { change, empty, pause, prune, remove, removeFailed, resume, retry } from './admin-steps.ts'
import { advance, beat, crash, deregister, poison, reclaim, recover, register, time } from './lease-steps.ts'
import { push, pushKnown } from './push-steps.ts'
import type { Command } from './step.ts'
import { reserve, settle, start } from './worker-steps.ts'

const often = <T>(times: number, arbitrary: T): T[] => Array(times).fill(arbitrary)

/** What a queue's life is made of stands more often; fast-check draws them alike. */
export const steps: fc.Arbitrary<Command>[] = [
  ...often(10, push),
  ...often(14, reserve),
  ...often(16, settle),
  ...often(6, start),
  ...often(3, register),
  ...often(3, crash),
  ...often(8, recover),
  ...often(2, poison),
  ...often(3, time),
  ...often(3, reclaim),
  ...often(4, retry),
  ...often(3, advance),
  ...often(2, change),
  ...[beat, pushKnown, deregister, deregister, remove, removeFailed, empty, pause, resume, resume, prune],
]
