import type { ReactNode } from 'react'
import { useT } from '../i18n/index.ts'
import type { Rows } from '../live/use-rows.ts'
import { Button } from '../ui/Button.tsx'
import { Failed, FilteredEmpty, Skeleton } from '../ui/States.tsx'

/** A list in whichever state it is: on its way, empty, empty because of filters, refused, or there. */
export function ListFrame<Row>({
  rows,
  isNarrowed,
  onClear,
  empty,
  bar,
  children,
}: {
  rows: Rows<Row>
  isNarrowed: boolean
  onClear: () => void
  empty: ReactNode
  /** Above the rows, such as what can be done with those that are selected. */
  bar?: ReactNode
  children: ReactNode
}) {
  const t = useT()
  return (
    <div className="surface min-w-0" aria-busy={rows.isReading}>
      {bar}
      {rows.hasNews && (
        <p className="flex items-center justify-center gap-2 border-b bg-accent-soft px-4 py-1 text-accent text-sm">
          {t('states.news')}
          <Button tone="quiet" onClick={rows.readAgain}>
            {t('states.showNews')}
          </Button>
        </p>
      )}
      {rows.isLoading ? (
        <Skeleton lines={10} />
      ) : rows.error !== null && rows.rows.length === 0 ? (
        <Failed error={rows.error} onRetry={rows.readAgain} />
      ) : rows.rows.length === 0 && !rows.isPartial ? (
        isNarrowed ? (
          <FilteredEmpty onClear={onClear} />
        ) : (
          empty
        )
      ) : (
        children
      )}
      {rows.isPartial && !rows.isReadingMore && (
        <p className="flex items-center justify-center gap-2 px-4 py-2 text-soft text-sm">
          {t('states.partial')}
          <Button tone="quiet" onClick={rows.readMore}>
            {t('states.partialMore')}
          </Button>
        </p>
      )}
    </div>
  )
}
