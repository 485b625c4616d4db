import type { ReactNode } from 'react'
import { formatNumber } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { Button, IconButton } from '../ui/Button.tsx'

/** What can be done with the selected rows, in the place where the eye is. */
export function SelectionBar({
  count,
  all,
  onAll,
  onClear,
  children,
}: {
  count: number
  /** How many fit the filter, where all of them can be meant; undefined: only those selected. */
  all?: number
  onAll?: () => void
  onClear: () => void
  children: ReactNode
}) {
  const t = useT()
  return (
    <div className="sticky top-(--header-height) z-20 flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 rounded-t-lg border-b bg-accent-soft px-4 py-1.5 text-sm">
      <span className="font-medium">{t('selection.count', { count, n: formatNumber(count) })}</span>
      {all !== undefined && all > count && onAll !== undefined && (
        <Button tone="quiet" onClick={onAll}>
          {t('selection.all', { n: formatNumber(all) })}
        </Button>
      )}
      <span className="ml-auto flex flex-wrap items-center gap-2">
        {children}
        <IconButton icon="cancel" label={t('selection.clear')} onClick={onClear} />
      </span>
    </div>
  )
}
