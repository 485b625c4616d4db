import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { failedGroupsQuery } from '../../api/queries.ts'
import { formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Loaded } from '../../lists/Loaded.tsx'
import { useBulk } from '../../operations/bulk.ts'
import { useMay } from '../../session/use-me.ts'
import { asAddress } from '../../ui/as-address.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { classes } from '../../ui/classes.ts'
import { Empty, FilteredEmpty } from '../../ui/States.tsx'
import { Ago } from '../../ui/Time.tsx'
import { bulkOf } from './bulk-of.ts'
import type { FailedFilterState } from './use-failed-filter.ts'

const FINGERPRINT = /^[0-9a-f]{16}$/

/** Failed jobs by what they have in common: one cause, one decision. */
export function FailedGroups({ filter }: { filter: FailedFilterState }) {
  const t = useT()
  const mayRetry = useMay('operator')
  const mayClear = useMay('admin')
  const { busy, retry, remove } = useBulk()
  const reading = useQuery(failedGroupsQuery(filter.narrowing))
  const { error: text, ...rest } = filter.narrowing
  // A group is one error: of a part of it, those with a text, a bulk action can't be told.
  const isWhole = text === undefined || FINGERPRINT.test(text)
  const within = bulkOf(rest)
  const most = Math.max(1, ...(reading.data ?? []).map(({ count }) => count))
  return (
    <div className={classes('surface', reading.isPlaceholderData && 'stale')}>
      <Loaded
        reading={reading}
        lines={8}
        empty={
          Object.keys(filter.narrowing).length > 0 ? (
            <FilteredEmpty onClear={filter.clear} />
          ) : (
            <Empty title={t('failed.empty')}>{t('failed.emptyHint')}</Empty>
          )
        }
      >
        {(groups) => (
          <ul>
            {!isWhole && mayRetry && (
              <li className="border-b px-4 py-2 text-soft text-sm">{t('failed.partOfGroups')}</li>
            )}
            {groups.map(({ fingerprint, name, headline, count, first_at, last_at, sample }) => (
              <li
                key={fingerprint}
                className="grid grid-cols-[3rem_minmax(0,1fr)] items-center gap-x-4 gap-y-2 border-b px-4 py-3 last:border-0 hover:bg-hover sm:grid-cols-[4rem_minmax(0,1fr)_auto]"
              >
                <span className="text-right">
                  <span className="block font-semibold text-lg leading-tight">{formatNumber(count)}</span>
                  <svg viewBox="0 0 64 3" className="mt-1 h-[3px] w-full" preserveAspectRatio="none" aria-hidden="true">
                    <rect width="64" height="3" rx="1.5" className="fill-line" />
                    <rect
                      x={64 - (64 * count) / most}
                      width={(64 * count) / most}
                      height="3"
                      rx="1.5"
                      className="fill-red"
                    />
                  </svg>
                </span>
                <span className="min-w-0">
                  <Link
                    to="/failed"
                    search={asAddress({ ...rest, error: fingerprint })}
                    className="line-clamp-2 font-medium hover:underline"
                    title={t('failed.showGroup')}
                  >
                    {headline}
                  </Link>
                  <span className="mt-0.5 flex flex-wrap gap-x-3 text-faint text-xs">
                    <span>{name}</span>
                    <span>
                      {t('failed.last')} <Ago at={last_at} />
                    </span>
                    <span>
                      {t('failed.first')} <Ago at={first_at} />
                    </span>
                    <Link
                      to="/failed/$id"
                      params={asAddress({ id: sample })}
                      className="-my-1 py-1 underline hover:text-ink"
                    >
                      {t('failed.sample')}
                    </Link>
                  </span>
                </span>
                {isWhole && (
                  <span className="flex items-center gap-1 max-sm:col-start-2">
                    {mayRetry && (
                      <Button
                        icon="retry"
                        disabled={busy}
                        onClick={() => void retry({ ...within, error: fingerprint }, count)}
                      >
                        {t('failed.retryGroup')}
                      </Button>
                    )}
                    {mayClear && (
                      <IconButton
                        icon="delete"
                        label={t('failed.deleteGroup')}
                        disabled={busy}
                        onClick={() => void remove({ ...within, error: fingerprint }, count)}
                      />
                    )}
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </div>
  )
}
