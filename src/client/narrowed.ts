import { notAllowed } from '../core/errors.ts'
import type { Chunk, ChunkDone, FailedFilter, LabelKey, Store } from '../store.ts'
import { type FailedSearch, failedFilterOf, labelName } from './search.ts'

/** What bulk actions on failed jobs are narrowed by; nothing means all of them. Of `fields`, one, and not beside `ids`. */
export type Narrowing = Pick<FailedSearch, 'ids' | 'queue' | 'jobClass' | 'error' | 'q' | 'fields' | 'from' | 'to'>

const KEYS = 'ids, queue, jobClass, error, q, fields, from, to'

/** What is done to failed jobs in bulk. */
export type FailedAction = 'retry' | 'forget'

/** A narrowing as the store takes it. Throws BAD_ARGUMENT. */
export function narrowed(narrowing: Narrowing): { filter: FailedFilter; key: LabelKey | undefined } {
  const { ids, queue, jobClass, error, q, fields, from, to, ...rest } = narrowing
  // What would be passed over here would widen what is done.
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw notAllowed('BAD_ARGUMENT', 'narrowing', unknown, KEYS)
  if (fields && (Object.keys(fields).length > 1 || ids !== undefined)) {
    throw notAllowed('BAD_ARGUMENT', 'fields', Object.keys(fields), 'one field, and none beside ids')
  }
  const { filter, key } = failedFilterOf({ ids, queue, jobClass, error, q, fields, from, to })
  return {
    filter: jobClass === undefined || (key && 'name' in key) ? filter : { ...filter, name: labelName(jobClass) },
    key,
  }
}

/** Whether failed jobs that nobody has labelled yet would be passed over. */
export function needsLabels({ filter, key }: { filter: FailedFilter; key: LabelKey | undefined }): boolean {
  return key !== undefined || filter.name !== undefined
}

/** The index that knows which failed jobs may match, where one does. */
export function labelKeyOf({ refs, fingerprint, name }: FailedFilter): LabelKey | undefined {
  if (refs !== undefined) return undefined
  if (fingerprint !== undefined) return { fingerprint }
  return name === undefined ? undefined : { name }
}

/** Labels that are asked for at once, however few jobs a chunk may have: those of a group need not match what else is asked. */
const FEWEST_LABELS = 500

/**
 * One chunk of a bulk action. Where an index knows the jobs they are asked of it, chunk by chunk, so that a group of a few
 * among a million is not looked for from the beginning each time. The index alone decides nothing: labels may be left of rows
 * whose ids others have since.
 */
export async function actOnChunk(
  store: Store,
  action: FailedAction,
  { filter, key }: { filter: FailedFilter; key: LabelKey | undefined },
  chunk: Chunk,
): Promise<ChunkDone> {
  const act = (which: FailedFilter) =>
    action === 'retry' ? store.retry(which, chunk) : store.removeFailed(which, chunk)
  if (key === undefined) return act(filter)
  const { upTo, after = 0 } = chunk
  const { idAbove = 0, idBelow = upTo + 1 } = filter
  const limit = Math.max(chunk.limit, FEWEST_LABELS)
  const between = { above: Math.max(after, idAbove), below: Math.min(upTo + 1, idBelow) }
  const ids = await store.failedIds(key, { limit, ...between, order: 'oldest' })
  if (ids.length === 0) return { changed: 0, skipped: 0, next: null }
  const done = await act({ ...filter, refs: ids })
  return { ...done, next: done.next ?? (ids.length < limit ? null : ids.at(-1)!) }
}
