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

const ROWS_PER_INSERT = 1_000

/** Payloads `from` to `from + count − 1`, cut as a hand-written loop would cut them. */
export function rawInserts(from: number, count: number): string[][] {
  return Array.from({ length: Math.ceil(count / ROWS_PER_INSERT) }, (_, insert) => {
    const first = insert * ROWS_PER_INSERT
    const length = Math.min(ROWS_PER_INSERT, count - first)
    return Array.from({ length }, (_, at) => rawPayload(from + first + at))
  })
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
