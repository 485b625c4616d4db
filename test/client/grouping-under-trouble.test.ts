import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import { isFaenaError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory/store.ts'
import { fetchCase } from './jobs.ts'
import { answerLost, cut, hangs, refused, watched } from './watched.ts'

const TIMEOUT_MS = 50
const LATE_MS = 80

test('lists that wait behind one that hangs are given up in time as well, and what comes later is stored', async () => {
  const store = watched(memoryStore())
  let down = true
  const hangsWhileDown: typeof hangs = (push) => (down ? hangs(push) : push())
  store.befall(...Array.from({ length: 6 }, () => hangsWhileDown))
  const queue = createQueue({ store, timeout: TIMEOUT_MS })
  const begin = performance.now()

  const lists = Array.from({ length: 5 }, (_, caseId) => queue.dispatchMany(fetchCase, [{ caseId }, { caseId }]))
  const ends = await Promise.allSettled(lists)

  // One after another they would take five times as long.
  expect(performance.now() - begin).toBeLessThan(4 * TIMEOUT_MS)
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })
  down = false
  expect(await queue.dispatchMany(fetchCase, [{ caseId: 6 }])).toHaveLength(1)
  expect(await store.counts()).toMatchObject([{ due: 1 }])
})

test('whatever befalls pushes: what resolved is stored once, what was rejected without doubt is not stored', async () => {
  const trouble = fc.constantFrom('none', 'refused', 'cut', 'answerLost', 'hangs', 'late', 'slow')
  const dispatches = fc.array(fc.record({ turns: fc.nat(3), twin: fc.boolean() }), { minLength: 1, maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { maxLength: 12 }), dispatches, async (troubles, wishes) => {
      const real = memoryStore()
      const late: Promise<unknown>[] = []
      const store = watched(real)
      const befalls = {
        none: (push: () => Promise<never>) => push(),
        refused,
        cut,
        answerLost,
        hangs,
        // Arrives when its callers have given up.
        late: (push: () => Promise<never>) => {
          const arriving = after(LATE_MS).then(push)
          // It is looked at below; until then a refusal is nobody's.
          arriving.catch(() => {})
          late.push(arriving)
          return hangs(push)
        },
        slow: (push: () => Promise<never>) => after(5).then(push),
      }
      store.befall(...troubles.map((name) => befalls[name] as typeof refused))
      const queue = createQueue({ store, timeout: TIMEOUT_MS })

      const results: Promise<Check>[] = []
      for (const { turns, twin } of wishes) {
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
        // A twin has the uuid of a job that is stored already: it must be the only one of its group to be turned away.
        const uuid = crypto.randomUUID()
        if (twin) await real.push([{ ...OTHER, uuid, payload: `{"uuid":"${uuid}","job":"faena@other"}` }])
        const dispatched = queue.dispatch(fetchCase, { caseId: 1 }, { uuid })
        results.push(
          dispatched.then(
            () => storedOnce(uuid),
            (error) => turnedAway(uuid, twin, error),
          ),
        )
      }

      const checks = await Promise.all(results)
      await queue.close()
      await Promise.allSettled(late)
      const uuids = real.tables.jobs.all().map((row) => row.read?.uuid)
      for (const check of checks) check(uuids)
    }),
    { numRuns: 60 },
  )
}, 60_000)

const OTHER = { queue: 'other', name: 'other', maxAttempts: null, priority: 0 }

type Check = (uuids: unknown[]) => void

const timesStored = (uuids: unknown[], uuid: string) => uuids.filter((one) => one === uuid).length

const storedOnce =
  (uuid: string): Check =>
  (uuids) =>
    expect(timesStored(uuids, uuid)).toBe(1)

function turnedAway(uuid: string, twin: boolean, error: unknown): Check {
  if (isFaenaError(error, 'DUPLICATE_UUID') && twin) return storedOnce(uuid)
  if (!isFaenaError(error, 'STORE_UNAVAILABLE')) throw error
  const most = twin || error.inDoubt ? 1 : 0
  return (uuids) => expect(timesStored(uuids, uuid)).toBeLessThanOrEqual(most)
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
