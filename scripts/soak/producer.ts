/**
 * The application of a soak, a process of its own: dispatches numbered jobs at a steady rate, as single calls and as lists,
 * some of them for later, and writes down each number whose dispatch was acknowledged.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createQueue, openStore } from '../../src/index.ts'
import { soaked } from './jobs.ts'

export interface Told {
  dispatched: number
  /** For how long it has dispatched. */
  seconds: number
  /** What a dispatch was refused with. */
  refused: string[]
}

const TICK_MS = 20
/** One tick of so many dispatches its jobs as one list, and one job of so many is for later. */
const LIST_OF = 5
const LATER_OF = 20

const rate = Number(process.env.SOAK_RATE)
const store = await openStore(process.env.DATABASE_URL!)
const queue = createQueue({ store })
const told: Told = { dispatched: 0, seconds: 0, refused: [] }
const waiting = new Set<Promise<void>>()
let number = 0
let stopping = false
process.once('message', () => {
  stopping = true
})
// Nobody is left to tell.
const alone = () => process.exit(1)
process.once('disconnect', alone)

const began = performance.now()
for (let tick = 0; !stopping; tick++) {
  told.seconds = (performance.now() - began) / 1_000
  const due = Math.floor(told.seconds * rate)
  const numbers = Array.from({ length: due - number }, () => number++)
  if (tick % LIST_OF === 0) follow(numbers, queue.dispatchMany(soaked, numbers.map(inputOf)))
  else
    for (const one of numbers)
      follow([one], queue.dispatch(soaked, inputOf(one), one % LATER_OF === 0 ? { delay: '2s' } : {}))
  if (tick % 50 === 0) process.send!(told)
  await sleep(TICK_MS)
}
await Promise.all(waiting)
process.send!(told)
await queue.close()
await store.close()
process.removeListener('disconnect', alone)
process.disconnect()

function inputOf(one: number) {
  return { number: one }
}

function follow(numbers: readonly number[], dispatch: Promise<unknown>): void {
  if (numbers.length === 0) return
  const done = dispatch.then(
    () => {
      told.dispatched += numbers.length
      appendFileSync(process.env.SOAK_DISPATCHED!, numbers.map((one) => `${one}\n`).join(''))
    },
    (error) => {
      if (told.refused.length < 10) told.refused.push(String(error))
    },
  )
  waiting.add(done)
  void done.then(() => waiting.delete(done))
}
