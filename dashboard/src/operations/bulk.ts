import { useCallback } from 'react'
import { api, ask, type Operation } from '../api/client.ts'
import { useAction } from '../api/use-action.ts'
import { formatNumber } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { confirm } from '../ui/confirm.tsx'
import { expectEnd } from './begun.ts'

/** Which failed jobs are meant; without any key all of them. */
export interface Selected {
  queue?: string
  job_class?: string
  error?: string
  /** Text in the payload or the exception. */
  q?: string
  /** One surfaced field. */
  fields?: Readonly<Record<string, string>>
  failed_after?: string
  failed_before?: string
  ids?: string[]
}

/** Larger ones go on beside, as an operation whose progress is shown. */
const AT_ONCE = 500
/** More ids than this does one request not take. */
const MOST_IDS = 1_000

export interface Bulk {
  busy: boolean
  /** Asks, then brings them back. `count`: how many match, where that is known. Resolves to whether it was done. */
  retry(selected: Selected, count: number | undefined): Promise<boolean>
  /** Asks, then deletes them for good. */
  remove(selected: Selected, count: number | undefined): Promise<boolean>
}

/** What is done to many failed jobs at once. */
export function useBulk(): Bulk {
  const t = useT()
  const { busy, run } = useAction()

  const retry = useCallback<Bulk['retry']>(
    async (selected, count) => {
      const sure = await confirm({
        title: count === undefined ? t('bulk.retryMatching') : t('bulk.retryTitle', counted(count)),
        body: t('bulk.retryBody'),
        action: count === undefined ? t('bulk.retryMatchingAction') : t('bulk.retryAction', counted(count)),
      })
      if (!sure) return false
      return run(
        () => inPieces(selected, (body) => post('/api/v1/queue/retry-all-failed', body, count)),
        (done) => {
          if (done.operation !== undefined) return t('bulk.begun', { id: done.operation.id })
          const told = t('bulk.retried', counted(done.changed))
          return done.skipped === 0 ? told : `${told} ${t('bulk.skipped', counted(done.skipped))}`
        },
      )
    },
    [run, t],
  )

  const remove = useCallback<Bulk['remove']>(
    async (selected, count) => {
      const sure = await confirm({
        title: count === undefined ? t('bulk.removeMatching') : t('bulk.removeTitle', counted(count)),
        body: t('bulk.removeBody'),
        action: count === undefined ? t('bulk.removeMatchingAction') : t('bulk.removeAction', counted(count)),
        danger: true,
      })
      if (!sure) return false
      return run(
        () => inPieces(selected, (body) => post('/api/v1/queue/clear-failed', body, count)),
        (done) =>
          done.operation === undefined
            ? t('bulk.removed', counted(done.changed))
            : t('bulk.begun', { id: done.operation.id }),
      )
    },
    [run, t],
  )
  return { busy, retry, remove }
}

function counted(count: number): { count: number; n: string } {
  return { count, n: formatNumber(count) }
}

interface Done {
  changed: number
  skipped: number
  operation?: Operation
}

async function inPieces({ ids, ...rest }: Selected, send: (body: Selected) => Promise<Done>): Promise<Done> {
  if (ids === undefined) return send(rest)
  const sum: Done = { changed: 0, skipped: 0 }
  for (let at = 0; at < ids.length; at += MOST_IDS) {
    const { changed, skipped, operation } = await send({ ...rest, ids: ids.slice(at, at + MOST_IDS) })
    sum.changed += changed
    sum.skipped += skipped
    sum.operation ??= operation
  }
  return sum
}

async function post(
  path: '/api/v1/queue/retry-all-failed' | '/api/v1/queue/clear-failed',
  body: Selected,
  count: number | undefined,
): Promise<Done> {
  const later = count === undefined || count > AT_ONCE
  const params = later ? { header: { Prefer: 'respond-async' } } : {}
  // Answered at once it holds the operation, else counts.
  const data: { retried_count?: number; skipped_count?: number; deleted_count?: number; operation?: Operation } =
    await ask<object>(api.POST(path, { body, params }))
  const { retried_count, deleted_count, skipped_count = 0, operation } = data
  if (operation !== undefined) expectEnd(operation.id)
  return { changed: retried_count ?? deleted_count ?? 0, skipped: skipped_count, operation }
}
