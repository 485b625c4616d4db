/**
 * What must and must not compile. tsc reads this file with the rest (npm run check:types): each line after
 * `@ts-expect-error` has to be an error, everything else must not be. Nothing here ever runs.
 */
import { z } from 'zod'
import type { Queue } from '../../src/client/queue.ts'
import { handle } from '../../src/core/handler.ts'
import { defineJob, type InputOf, type ResultOf, type } from '../../src/core/job.ts'
import type { FakeQueue } from '../../src/testing/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <_ extends true>() => {}

declare const queue: Queue
declare const fake: FakeQueue

const fetchCase = defineJob({
  name: 'cases.fetch',
  input: z.object({ caseId: z.number(), since: z.coerce.date().optional(), pages: z.number().default(10) }),
  result: type<{ pages: number }>(),
  unique: ({ caseId }) => `case:${caseId}`,
  tags: ({ caseId }) => [`case:${caseId.toFixed()}`],
  failed: ({ input }) => void input.caseId.toFixed(),
})
const ping = defineJob({ name: 'ping', input: z.object({}) })

same<Equal<InputOf<typeof fetchCase>['caseId'], number>>()
same<Equal<InputOf<typeof fetchCase>['pages'], number | undefined>>()
same<Equal<ResultOf<typeof fetchCase>, { pages: number }>>()

export async function dispatching() {
  await queue.dispatch(fetchCase, { caseId: 7 })
  await queue.dispatch(fetchCase, { caseId: 7, pages: 3 }, { delay: '5m', unique: 'x', tx: {} })
  queue.notify()
  await queue.dispatch(ping, {})

  // @ts-expect-error a field of another type
  await queue.dispatch(fetchCase, { caseId: '7' })
  // @ts-expect-error a field is missing
  await queue.dispatch(fetchCase, {})
  // @ts-expect-error a field that the schema does not know
  await queue.dispatch(fetchCase, { caseId: 7, caseNumber: 7 })
  // @ts-expect-error the input is missing
  await queue.dispatch(fetchCase)
  // @ts-expect-error a duration without unit
  await queue.dispatch(fetchCase, { caseId: 7 }, { delay: '10' })
  // @ts-expect-error an option that does not exist
  await queue.dispatch(fetchCase, { caseId: 7 }, { retries: 3 })
  // @ts-expect-error a policy that does not exist
  await queue.dispatch(fetchCase, { caseId: 7 }, { unique: { key: 'a', onTaken: 'drop' } })
  // @ts-expect-error a name is no definition
  await queue.dispatch('cases.fetch', { caseId: 7 })
}

export async function dispatchingMany() {
  const dispatched = await queue.dispatchMany(fetchCase, [{ caseId: 1 }, { caseId: 2 }], {
    each: ({ caseId }, at) => ({ priority: caseId + at }),
  })
  same<Equal<(typeof dispatched)[number]['outcome'], 'dispatched' | 'skipped' | 'replaced' | 'pushedBack'>>()

  // @ts-expect-error one of the inputs is wrong
  await queue.dispatchMany(fetchCase, [{ caseId: 1 }, { caseId: 'two' }])
  // @ts-expect-error many jobs cannot have one uuid
  await queue.dispatchMany(fetchCase, [{ caseId: 1 }], { uuid: 'x' })
  // @ts-expect-error the transaction is the call's, not an input's
  await queue.dispatchMany(fetchCase, [{ caseId: 1 }], { each: () => ({ tx: {} }) })
}

export async function waiting() {
  const { result } = await queue.wait(await queue.dispatch(fetchCase, { caseId: 7 }), { timeout: '10s' })
  same<Equal<typeof result, { pages: number } | undefined>>()

  const unknown = await queue.wait('019b76da-a800-7000-8000-000000000001')
  same<Equal<typeof unknown.result, unknown>>()
}

export async function scheduling() {
  await queue.schedule('nightly', { job: fetchCase, input: { caseId: 7 }, cron: '0 3 * * *', missed: 'once' })
  // @ts-expect-error the input is not the job's
  await queue.schedule('nightly', { job: fetchCase, input: { caseId: '7' }, cron: '0 3 * * *' })
  // @ts-expect-error a policy that does not exist
  await queue.schedule('nightly', { job: fetchCase, input: { caseId: 7 }, every: '1h', missed: 'never' })
}

export const handlers = [
  handle(fetchCase, ({ input }) => {
    same<Equal<typeof input, { caseId: number; since?: Date | undefined; pages: number }>>()
    return { pages: input.pages }
  }),
  // @ts-expect-error the result is not what the definition names
  handle(fetchCase, () => ({ count: 3 })),
  handle(fetchCase, async ({ input, fail }) => {
    // @ts-expect-error the input has no such field
    if (input.caseNumber) fail('never')
    return { pages: 1 }
  }),
]

// @ts-expect-error the key is made from the job's own input
defineJob({ name: 'a', input: z.object({ id: z.number() }), unique: ({ caseId }) => `${caseId}` })

export function asserting() {
  fake.assertDispatched(fetchCase, { caseId: 7 })
  fake.assertDispatched(fetchCase, ({ caseId }) => caseId > 1)
  // @ts-expect-error an input the job cannot have
  fake.assertDispatched(fetchCase, { caseId: '7' })
  // @ts-expect-error the function is given the job's input
  fake.assertDispatched(fetchCase, ({ caseNumber }) => caseNumber === 1)
}
