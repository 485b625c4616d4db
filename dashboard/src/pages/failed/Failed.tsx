import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../../api/queries.ts'
import { formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { useBulk } from '../../operations/bulk.ts'
import { useMay } from '../../session/use-me.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Menu } from '../../ui/Menu.tsx'
import { Page } from '../../ui/Page.tsx'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'
import { exportAddress } from './export.ts'
import { FailedFilters } from './FailedFilters.tsx'
import { FailedGroups } from './FailedGroups.tsx'
import { FailedList } from './FailedList.tsx'
import { Histogram } from './Histogram.tsx'
import { useFailedFilter } from './use-failed-filter.ts'

/** What failed, why, and the ways out: bring it back, or let it go. */
export default function FailedPage() {
  const t = useT()
  const { data: status } = useQuery(statusQuery)
  const filter = useFailedFilter()
  const { view, setView, narrowing } = filter
  const mayRetry = useMay('operator')
  const mayClear = useMay('admin')
  const { busy, retry, remove } = useBulk()
  const count = status?.failed_jobs_count
  const download = (format: 'jsonl' | 'csv') => location.assign(exportAddress(format, filter.query))
  return (
    <Page
      title={t('nav.failed')}
      aside={count !== undefined && <Badge tone={count > 0 ? 'red' : 'neutral'}>{formatNumber(count)}</Badge>}
      actions={
        <>
          {mayRetry && (
            <Button icon="retry" busy={busy} disabled={!count} onClick={() => void retry({}, count)}>
              {t('overview.retryAll')}
            </Button>
          )}
          <Menu
            label={t('common.actions')}
            icon="more"
            items={[
              { label: t('failed.exportJsonl'), icon: 'download', onSelect: () => download('jsonl') },
              { label: t('failed.exportCsv'), icon: 'download', onSelect: () => download('csv') },
              ...(mayClear
                ? [
                    {
                      label: t('failed.clearAll'),
                      icon: 'delete' as const,
                      danger: true,
                      disabled: !count,
                      onSelect: () => void remove({}, count),
                    },
                  ]
                : []),
            ]}
          />
        </>
      }
    >
      <Histogram narrowing={narrowing} onPick={filter.setPeriod} />
      <div className="flex flex-wrap items-start gap-2">
        <ViewSwitch
          label={t('failed.view')}
          value={view}
          options={[
            { value: 'list', label: t('failed.list') },
            { value: 'groups', label: t('failed.groups') },
          ]}
          onChange={setView}
        />
        <FailedFilters filter={filter} />
      </div>
      {view === 'list' ? <FailedList filter={filter} /> : <FailedGroups filter={filter} />}
    </Page>
  )
}
