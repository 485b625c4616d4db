import { randomUUID } from 'node:crypto'
import { input, type Seen, type Session, type Working } from '../contestant.ts'

/** What a raw form does on one connection; a claim and its removal are a round trip each. */
export interface RawClaims {
  /** Takes up to `limit` waiting jobs. */
  claim(limit: number): Promise<{ id: number; payload: string }[]>
  remove(ids: number[]): Promise<void>
}

const BATCH = 500

/** The payload that Faena would have written, to the byte. */
export function rawPayload(number: number): string {
  return `{"uuid":"${randomUUID()}","displayName":"bench","job":"faena@bench","maxTries":3,"data":${JSON.stringify(input(number))},"faena":{"v":1,"at":${Date.now()}}}`
}

/** A drain without a queue: each connection claims, runs and removes, and claims again until it finds none. */
export function rawWork(connections: readonly RawClaims[]): Session['work'] {
  return async (_concurrency: number, seen: Seen): Promise<Working> => {
    const lanes = connections.map(async ({ claim, remove }) => {
      for (;;) {
        const jobs = await claim(BATCH)
        if (jobs.length === 0) return
        for (const { payload } of jobs) await seen(JSON.parse(payload).data.number, 0)
        await remove(jobs.map(({ id }) => id))
      }
    })
    const ended = Promise.all(lanes).then(() => {})
    return { settled: () => ended, stop: async () => {} }
  }
}
