import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { useBulk } from '../../operations/bulk.ts'
import { useMay } from '../../session/use-me.ts'
import { Button } from '../../ui/Button.tsx'
import { Page } from '../../ui/Page.tsx'
import { Failed, Skeleton } from '../../ui/States.tsx'
import { Alarms } from './Alarms.tsx'
import { Charts } from './Charts.tsx'
import { ErrorGroups } from './ErrorGroups.tsx'
import { OpenAlerts } from './OpenAlerts.tsx'
import { QueueTable } from './QueueTable.tsx'
import { Tiles } from './Tiles.tsx'

/** Is all well? And if not: what stands, since when, and what can be done at once. */
export default function Overview() {
  const t = useT()
  const { data: status, error, refetch } = useQuery(statusQuery)
  return (
    <Page title={t('nav.overview')} actions={status !== undefined && <RetryAll failed={status.failed_jobs_count} />}>
      {status === undefined ? (
        error === null ? (
          <Skeleton lines={9} />
        ) : (
          <Failed error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <>
          <Alarms status={status} />
          <Tiles status={status} />
          <OpenAlerts />
          <Charts />
          <div className="grid gap-4 2xl:grid-cols-[3fr_2fr]">
            <QueueTable />
            <ErrorGroups />
          </div>
        </>
      )}
    </Page>
  )
}

function RetryAll({ failed }: { failed: number }) {
  const t = useT()
  const { busy, retry } = useBulk()
  if (!useMay('operator')) return null
  return (
    <Button icon="retry" busy={busy} disabled={failed === 0} onClick={() => void retry({}, failed)}>
      {t('overview.retryAll')}
    </Button>
  )
}
