import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { defineJob, handle } from '../../src/index.ts'

export const TRIES = 3
/** One in so many jobs fails at every attempt. */
const DOOMED_OF = 400
/** Share of attempts that fail, and are followed by another. */
const FAILING = 0.03
const MOST_MS = 20

export const soaked = defineJob({
  name: 'soak.job',
  input: z.object({ number: z.number() }),
  tries: TRIES,
  timeout: '30s',
  backoff: ['500ms', '1s'],
})

/** Whether a job is one of those that end in `failed_jobs`: known beforehand, so that the ledger can be checked. */
export function isDoomed(number: number): boolean {
  return number % DOOMED_OF === DOOMED_OF - 1
}

let ledger: number | undefined

/** Sleeps a little, fails as chance has it, and writes a line that no crash can halve when it comes to its end. */
export const soaking = handle(soaked, async ({ input: { number }, attempt, signal }) => {
  await sleep(Math.random() * MOST_MS, undefined, { signal })
  if (isDoomed(number)) throw new Error(`doomed: ${number}`)
  if (attempt < TRIES && Math.random() < FAILING) throw new Error(`by chance: ${number}`)
  ledger ??= openSync(process.env.SOAK_LEDGER!, 'a')
  writeSync(ledger, `${number} ${process.pid}\n`)
})
