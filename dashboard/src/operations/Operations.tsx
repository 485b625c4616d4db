import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api, ask, type Operation } from '../api/client.ts'
import { operationsQuery } from '../api/queries.ts'
import { useAction } from '../api/use-action.ts'
import { formatNumber, formatPercent } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { useLive } from '../live/use-live.ts'
import { useMay } from '../session/use-me.ts'
import { Button } from '../ui/Button.tsx'
import { toast } from '../ui/toasts.ts'
import { endTold, useBegun } from './begun.ts'

const LOOK_MS = 1_000

/** Bulk actions under way, above every page: how far they are, and a way to end them. What became of them is said once. */
export function Operations() {
  const { mode } = useLive()
  const { data = [] } = useQuery({
    ...operationsQuery,
    refetchInterval: ({ state }) => (mode !== 'paused' && state.data?.some(isUnderWay) ? LOOK_MS : false),
  })
  useSaidOnce(data)
  const shown = data.filter(isUnderWay)
  if (shown.length === 0) return null
  return (
    <ul className="mb-4 flex flex-col gap-2">
      {shown.map((operation) => (
        <OperationLine key={operation.id} operation={operation} />
      ))}
    </ul>
  )
}

function isUnderWay({ state }: Operation): boolean {
  return state === 'pending' || state === 'running'
}

function OperationLine({ operation }: { operation: Operation }) {
  const t = useT()
  const { busy, run } = useAction()
  const { id, kind, done, total, skipped, subject } = operation
  const share = total === null || total === 0 ? undefined : Math.min(1, done / total)
  const cancel = () =>
    run(
      () => ask(api.DELETE('/api/v1/queue/operations/{id}', { params: { path: { id: String(id) } } })),
      () => t('operations.cancelled', { id }),
    )
  const label = t(`operations.${kind}`, { id, subject })
  return (
    <li className="surface flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 text-sm">
      <span className="font-medium">{label}</span>
      <progress className="h-1.5 min-w-32 grow" aria-label={label} max={1} value={share} />
      <span className="text-soft">
        {total === null
          ? formatNumber(done)
          : `${formatNumber(done)} / ${formatNumber(total)} · ${formatPercent(share ?? 0)}`}
        {skipped > 0 && ` · ${t('bulk.skipped', { count: skipped, n: formatNumber(skipped) })}`}
      </span>
      {useMay('operator') && (
        <Button tone="quiet" busy={busy} onClick={() => void cancel()}>
          {t('common.cancel')}
        </Button>
      )}
    </li>
  )
}

function useSaidOnce(operations: readonly Operation[]): void {
  const t = useT()
  const underWay = useRef(new Set<number>())
  const begun = useBegun()
  useEffect(() => {
    for (const operation of operations) {
      const { id, state, kind, changed, error } = operation
      if (isUnderWay(operation)) underWay.current.add(id)
      else if (underWay.current.delete(id) || begun.has(id)) {
        endTold(id)
        if (state === 'failed')
          toast({ tone: 'problem', text: t('operations.failed', { id }), ...(error !== null && { detail: error }) })
        else if (state === 'done') {
          const figures = { count: changed, n: formatNumber(changed) }
          toast({ tone: 'done', text: kind === 'retry' ? t('bulk.retried', figures) : t('bulk.removed', figures) })
        }
      }
    }
  }, [operations, begun, t])
}
