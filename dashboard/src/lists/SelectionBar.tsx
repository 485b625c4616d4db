import type { ReactNode } from 'react'
import { formatNumber } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { Button, IconButton } from '../ui/Button.tsx'

export interface SelectionBarProps {
  /** Rows that are selected. */
  count: number
  /** All that match the filter are meant, also those that are not loaded. */
  isAll?: boolean
  /** How many match; undefined where nobody has counted them. */
  all?: number
  /** Makes all that match be meant; left out where they can't be. */
  onAll?: () => void
  /** Why something is not offered. */
  note?: string
  onClear: () => void
  children: ReactNode
}

/** What can be done with the selected rows, in the place where the eye is. */
export function SelectionBar({ count, isAll = false, all, onAll, note, onClear, children }: SelectionBarProps) {
  const t = useT()
  const meant = isAll ? all : count
  return (
    <div className="sticky top-(--header-height) z-20 flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 rounded-t-lg border-b bg-accent-soft px-4 py-1.5 text-sm">
      <span className="font-medium">
        {meant === undefined
          ? t('selection.allSelected')
          : t('selection.count', { count: meant, n: formatNumber(meant) })}
      </span>
      {!isAll && onAll !== undefined && (
        <Button tone="quiet" onClick={onAll}>
          {all === undefined ? t('selection.allUncounted') : t('selection.all', { n: formatNumber(all) })}
        </Button>
      )}
      {note !== undefined && <span className="text-soft">{note}</span>}
      <span className="ml-auto flex flex-wrap items-center gap-2">
        {children}
        <IconButton icon="cancel" label={t('selection.clear')} onClick={onClear} />
      </span>
    </div>
  )
}
