import fc from 'fast-check'
import { expect } from 'vitest'
import type { JobOutcome, Settlement } from '../../src/store.ts'
import { FETCH, failure } from '../support/jobs.ts'
import type { Handle, Kind, ModelWorker } from './model.ts'
import { delay, lost, NAMES, next, QUEUES, via, which, workerStep } from './step.ts'

export const reserve = fc
  .record({
    at: which,
    via,
    lost: fc.constantFrom(false, false, false, true),
    queues: fc.constantFrom(QUEUES, QUEUES, [...QUEUES].reverse(), ['orders']),
    names: fc.constantFrom(NAMES, NAMES, NAMES, NAMES, [FETCH], []),
    limit: fc.constantFrom(0, 1, 1, 2, 3, 5, 5),
    singles: fc.constantFrom(0, 1, 5, 5, 5),
  })
  .map(({ at, via, lost, ...wish }) =>
    workerStep(`reserve ${JSON.stringify(wish)}${lost ? ', answer lost' : ''}`, at, async (worker, model, real) => {
      const { queues, names, limit, singles } = wish
      const request = {
        worker: worker.id,
        queues,
        names,
        limit,
        maxBytes: 1_000_000,
        singleTryLimit: singles,
        defaultTries: 3,
      }
      const answer = await real.connections[via].reserve(request)
      const chosen = real.seesLate ? answer.jobs.map(({ id }) => id) : undefined
      const given = model.reserve(worker, wish, chosen)
      expect(answer.lost).toBe(given === undefined)
      const wanted = (given ?? []).map(({ id, attempts, crashes, queue }) => ({ id, attempts, crashes, queue }))
      expect(answer.jobs.map(({ id, attempts, crashes, queue }) => ({ id, attempts, crashes, queue }))).toEqual(wanted)
      if (lost) return
      for (const [nth, { id, attempts, payload, name }] of answer.jobs.entries()) {
        worker.handles.push({ id, attempts, payload, name, uuid: given![nth]!.uuid, spent: false })
      }
    }),
  )

const KINDS: Kind[] = ['completed', 'retry', 'retry', 'failed', 'failed', 'released', 'cancelled']

export const settle = fc
  .record({
    at: which,
    via,
    channel: fc.constantFrom(0 as const, 0 as const, 1 as const),
    lost,
    picks: fc.array(
      fc.record({
        again: fc.constantFrom(false, false, false, false, true),
        back: fc.nat({ max: 3 }),
        kind: fc.constantFrom(...KINDS),
        delayMs: delay,
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  })
  .map(({ at, via, channel, lost, picks }) =>
    workerStep(
      `settle ${JSON.stringify(picks)}${lost ? ', answer lost' : ''}`,
      at,
      async (worker, model, real) => {
        const picked = picks.map((pick) => ({
          ...pick,
          handle: chosenHandle(worker, pick),
        }))
        // An answer goes by ids, so a settlement names each job once.
        const chosen = picked.filter(
          ({ handle }, nth) => picked.findIndex((each) => each.handle.id === handle.id) === nth,
        )
        const settlement: Settlement = {
          worker: worker.id,
          seq: next(real, `settle ${worker.id} ${channel}`),
          channel,
          outcomes: chosen.map(({ handle, kind, delayMs }) => outcome(handle, kind, delayMs)),
        }
        const answer = await real.connections[via].settle(settlement)
        for (const { handle } of chosen) handle.spent = true
        if (channel === 0) model.settled(worker)
        const counted = chosen.map(({ handle, kind, delayMs }) => model.settle(worker, handle, kind, delayMs))
        expect(answer).toEqual({
          applied: chosen.filter((_, nth) => counted[nth]).map(({ handle }) => handle.id),
          lost: chosen.filter((_, nth) => !counted[nth]).map(({ handle }) => handle.id),
          refused: [],
        })
        // A worker that is reclaimed meanwhile has no answer to ask for again; it is told that all is lost.
        if (lost && !worker.gone) expect(await real.connections[via === 0 ? 1 : 0].settle(settlement)).toEqual(answer)
      },
      ({ handles }) => handles.length > 0,
    ),
  )

/** One of what it has not settled yet, or `again` one of all it ever held. */
function chosenHandle({ handles }: ModelWorker, { again, back }: { again: boolean; back: number }): Handle {
  const open = handles.filter(({ spent }) => !spent)
  const among = again || open.length === 0 ? handles : open
  return among.at(-1 - (back % among.length)) as Handle
}

function outcome(handle: Handle, kind: Kind, delayMs: number): JobOutcome {
  const { id, attempts, payload, name } = handle
  const unique = payload.includes('"unique"')
  if (kind === 'retry' || kind === 'released') return { id, attempts, unique, outcome: { kind, delayMs } }
  if (kind === 'failed') return { id, attempts, unique, outcome: { kind, failure: failure({ payload, name }) } }
  return { id, attempts, unique, outcome: { kind } }
}

/** Of a job that it took last, or of one that it settled long ago. */
export const start = fc.record({ at: which, via, back: fc.constantFrom(0, 0, 0, 1, 2) }).map(({ at, via, back }) =>
  workerStep(
    'begin',
    at,
    async (worker, model, real) => {
      const handle = worker.handles.at(-1 - (back % worker.handles.length)) as Handle
      expect(await real.connections[via].begin(worker.id, handle)).toBe(model.begin(worker, handle))
    },
    ({ handles }) => handles.length > 0,
  ),
)
