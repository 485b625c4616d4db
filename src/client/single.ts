import { FaenaError } from '../core/errors.ts'
import type { JobRef, Store } from '../store.ts'
import { jobView } from './view.ts'

/** One job, one action, and what it was done to. */
export interface SingleActions {
  /**
   * One failed job back to its queue with attempts 0. NOT_FOUND if it is not there, or if another retry was first;
   * UNIQUE_KEY_TAKEN if a live job holds its unique key, or is the same job.
   */
  retryOne(ref: JobRef): Promise<RetriedOne>
  /** Takes a waiting or running job away for good; its worker is told within 2 s. NOT_FOUND if it is not there. */
  removeOne(ref: JobRef): Promise<RemovedOne>
  /** Deletes one failed job for good. NOT_FOUND if it is not there. */
  forgetOne(ref: JobRef): Promise<RetriedOne>
}

export interface RetriedOne {
  id: number
  uuid: string
  queue: string
  /** The table's own text. */
  failedAt: string
}

export interface RemovedOne {
  id: number
  uuid: string | null
  queue: string
  attempts: number
}

export function singleActions(store: Store, changed: () => void): SingleActions {
  const failedOne = async (ref: JobRef) => {
    const row = await store.getFailed(ref)
    if (row === undefined) throw notFound('Failed job', ref)
    return row
  }
  const chunk = (upTo: number) => ({ limit: 1, upTo })
  return {
    async retryOne(ref) {
      const { id, uuid, queue, failedAtText } = await failedOne(ref)
      const { changed: retried } = await store.retry({ refs: [id] }, chunk(id))
      changed()
      if (retried === 1) return { id, uuid, queue, failedAt: failedAtText }
      // Somebody else was first, or it must not come back.
      if ((await store.getFailed(id)) === undefined) throw notFound('Failed job', ref)
      throw new FaenaError(
        'UNIQUE_KEY_TAKEN',
        `Failed job ${ref} was not retried: a live job holds its unique key, or is this very job. Wait for that job, or delete it first.`,
      )
    },

    async removeOne(ref) {
      const row = await store.get(ref)
      if (row === undefined) throw notFound('Job', ref)
      const { id, queue, attempts } = row
      const { changed: removed } = await store.remove({ refs: [id] }, chunk(id))
      changed()
      if (removed === 0) throw notFound('Job', ref)
      return { id, uuid: jobView(row).uuid, queue, attempts }
    },

    async forgetOne(ref) {
      const { id, uuid, queue, failedAtText } = await failedOne(ref)
      const { changed: removed } = await store.removeFailed({ refs: [id] }, chunk(id))
      changed()
      if (removed === 0) throw notFound('Failed job', ref)
      return { id, uuid, queue, failedAt: failedAtText }
    },
  }
}

/** The text is the one that clients of the management API know. */
export function notFound(what: 'Job' | 'Failed job', ref: JobRef): FaenaError {
  return new FaenaError('NOT_FOUND', `${what} ${ref} not found`)
}
