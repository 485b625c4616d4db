/**
 * A queue of rows that are written once, read once and removed once. Ids of a lane are leased in ranges: `(after, last]`
 * belongs to one worker until it is settled, given back or reclaimed. See docs/decisions/0034-range-leases.md.
 */
export interface Lane {
  migrate(): Promise<void>
  /** Ids in order. The same producer and number again store nothing and give the first answer. */
  push(payloads: readonly string[], push: { producer: string; seq: number }): Promise<number[]>
  /** The next rows as one range; null where none is certain to be complete, `lost` where the worker's lease has ended. */
  reserve(worker: number, limit: number): Promise<RangeTaken | null | 'lost'>
  /** Removes what was done. A range that is not the worker's any more keeps its rows. Answers the ranges that were not. */
  settle(worker: number, seq: number, done: readonly RangeDone[]): Promise<number[]>
  /** Jobs whose attempt did not simply end become ordinary rows that this worker holds. Answers their new ids. */
  move(worker: number, ids: readonly number[]): Promise<Map<number, number>>
  /** Of these ids, those that are no more: deleted or cancelled. */
  gone(ids: readonly number[]): Promise<number[]>
  /** What this worker holds is anybody's. */
  release(worker: number): Promise<void>
  /** The same for workers whose lease has ended. Answers how many ranges. */
  reclaim(): Promise<number>
  /** Ranges that are leased or wait to be leased anew. */
  leases(): Promise<number>
  close(): Promise<void>
}

export interface RangeTaken {
  after: number
  last: number
  rows: { id: number; payload: string; createdAt: number }[]
}

/** Settled ids of one range; as `from`–`to` where no other row that is held lies between, none where `from` is above `to`. */
export interface RangeDone {
  last: number
  from: number
  to: number
  /** Given where rows between are not done yet. */
  ids?: readonly number[]
  /** Nothing of the range is left. */
  whole: boolean
}

/** One lane in this prototype; there would be one per queue and job name. */
export const LANE = 1
/** Where ids of a lane cannot come from the sequence of `jobs`, they begin here, so that the two never meet. */
export const FIRST_ID = 2 ** 40
