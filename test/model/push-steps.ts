import fc from 'fast-check'
import { expect } from 'vitest'
import type { NewJob } from '../../src/store.ts'
import { FETCH, newJob, SYNC } from '../support/jobs.ts'
import type { Model } from './model.ts'
import { agree, type Real } from './real.ts'
import { begin, delay, lost, NAMES, next, nextUuid, QUEUES, step, via } from './step.ts'

/** Each key has one rule and belongs to one kind of job, as clients see to. */
const KEYS = [
  { key: 'ended', until: 'ended' },
  { key: 'processing', until: 'processing' },
  { key: 'window', until: 'window', forMs: 20_000 },
  { key: 'at most', until: 'ended', forMs: 20_000 },
] as const

const wish = fc.record({
  queue: fc.constantFrom(...QUEUES),
  name: fc.constantFrom(FETCH, FETCH, SYNC),
  priority: fc.constantFrom(0, 0, 0, -1, 1),
  maxAttempts: fc.constantFrom(3, 3, 3, 1, null),
  delayMs: delay,
  rule: fc.option(fc.constantFrom(...KEYS), { freq: 2 }),
  onTaken: fc.constantFrom('skip', 'replace', 'pushBack'),
})

export const push = fc
  .record({ wishes: fc.array(wish, { minLength: 1, maxLength: 4 }), via, lost })
  .map(({ wishes, via, lost }) =>
    step(`push ${JSON.stringify(wishes)}${lost ? ', answer lost' : ''}`, async (model, real) => {
      const store = real.connections[via]
      const jobs = wishes.map(({ rule, onTaken, ...rest }) =>
        newJob({
          ...rest,
          uuid: nextUuid(real),
          input: { number: real.seqs.get('uuid') },
          ...(rule && { unique: { ...rule, key: `${rest.name}:${rule.key}`, onTaken } }),
        }),
      )
      const pushId = { producer: `connection ${via}`, seq: next(real, `push ${via}`) }
      const answer = await store.push(jobs, { pushId })
      if (lost) expect(await store.push(jobs, { pushId })).toEqual(answer)
      expect(answer.map(({ outcome, uuid }) => ({ outcome, uuid }))).toEqual(
        jobs.map((job, at) => model.push(job, answer[at]!)),
      )
    }),
  )

export const pushKnown = via.map((via) =>
  step(
    'push a uuid that is stored',
    async (model, real) => {
      const known = [...model.jobs.keys(), ...model.failed.keys()].at(-1) as string
      const jobs: NewJob[] = [newJob({ uuid: nextUuid(real) }), newJob({ uuid: known })]
      await expect(real.connections[via].push(jobs)).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
    },
    (model) => model.jobs.size + model.failed.size > 0,
  ),
)

/** Two workers and some jobs, so that most steps have something to do. */
export async function setOut(model: Model, real: Real): Promise<void> {
  for (const store of real.connections) await begin(model, real, store)
  const jobs = [...NAMES, ...NAMES].map((name, at) =>
    newJob({ name, queue: QUEUES[at % 2], uuid: nextUuid(real), input: { number: at }, maxAttempts: at === 3 ? 1 : 3 }),
  )
  const answer = await real.connections[0].push(jobs)
  for (const [at, job] of jobs.entries()) model.push(job, answer[at]!)
  await agree(model, real)
}
