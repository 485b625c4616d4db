import { useMemo } from 'react'
import type { Alert } from '../../api/client.ts'
import { type AlertsFilter, alertsQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { FilterBar } from '../../lists/FilterBar.tsx'
import { ListFrame } from '../../lists/ListFrame.tsx'
import { useEvery } from '../../live/use-live.ts'
import { useRows, whileOnePage } from '../../live/use-rows.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Page } from '../../ui/Page.tsx'
import { Empty } from '../../ui/States.tsx'
import { Ago } from '../../ui/Time.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'
import { AlertDetails } from './AlertDetails.tsx'
import { AlertMenu } from './AlertMenu.tsx'
import { AlertName } from './AlertName.tsx'
import { useMeasured } from './use-measured.ts'

/** The watch looks every few seconds, which no event tells. */
const READ_EVERY_MS = 10_000
const STATES = ['open', 'resolved', 'all'] as const
export const RULES = ['failed', 'waiting', 'workers', 'rate', 'schedule'] as const

const NO_FILTER = { rule: '' }

/** What is wrong now, and what was: by which rule it was found, who sees to it, and who wants to hear nothing of it. */
export default function Alerts() {
  const t = useT()
  const [url, setUrl] = useUrlState({ ...NO_FILTER, state: 'open', alert: '' })
  const state = STATES.find((one) => one === url.state) ?? 'open'
  const filter = useMemo<AlertsFilter>(() => {
    const rule = RULES.find((one) => one === url.rule)
    return { ...(state !== 'all' && { state }), ...(rule && { rule }) }
  }, [state, url.rule])
  const every = useEvery(READ_EVERY_MS)
  const list = useRows({ ...alertsQuery(filter), refetchInterval: whileOnePage(every) })
  const columns = useColumns()
  const shown = list.rows.find(({ id }) => String(id) === url.alert)
  return (
    <Page title={t('nav.alerts')}>
      <div className="flex flex-wrap items-start gap-2">
        <ViewSwitch
          label={t('columns.status')}
          value={state}
          options={STATES.map((value) => ({ value, label: t(`alertsPage.states.${value}`) }))}
          onChange={(next) => setUrl({ state: next })}
        />
        <FilterBar
          fields={[
            {
              name: 'rule',
              label: t('alertsPage.rule'),
              kind: 'choice',
              options: RULES,
              word: (rule) => t(`alerts.ruleNames.${rule as Alert['rule']}`),
            },
          ]}
          values={url}
          onChange={setUrl}
        />
      </div>
      <ListFrame
        rows={list}
        isNarrowed={filter.rule !== undefined}
        onClear={() => setUrl(NO_FILTER)}
        empty={
          <Empty title={state === 'open' ? t('alertsPage.noneOpen') : t('alertsPage.none')}>
            {t('alertsPage.emptyHint')}
          </Empty>
        }
      >
        <DataTable
          label={t('alertsPage.table')}
          rows={list.rows}
          columns={columns}
          rowId={({ id }) => String(id)}
          rowName={({ rule, subject }) => t(`alerts.rules.${rule}`, { subject })}
          onOpen={({ id }) => setUrl({ alert: String(id) })}
          onEnd={list.readMore}
          isReadingMore={list.isReadingMore}
          stale={list.isStale}
        />
      </ListFrame>
      {shown !== undefined && <AlertDetails alert={shown} onClose={() => setUrl({ alert: '' })} />}
    </Page>
  )
}

function useColumns(): Column<Alert>[] {
  const t = useT()
  const mayAct = useMay('operator')
  const measured = useMeasured()
  const columns: Column<Alert>[] = [
    {
      id: 'name',
      header: t('alertsPage.what'),
      width: 'minmax(12rem, 4fr)',
      card: 'title',
      cell: (alert) => (
        <span className="block py-0.5">
          <AlertName alert={alert} />
          <span className="block truncate font-normal text-soft text-xs" title={measured(alert)}>
            {measured(alert)}
          </span>
        </span>
      ),
    },
    {
      id: 'state',
      header: t('columns.status'),
      width: '6.5rem',
      cell: ({ state }) =>
        state === 'open' ? (
          <Badge tone="amber" icon="alerts">
            {t('alertsPage.isOpen')}
          </Badge>
        ) : (
          <Badge tone="green" icon="check">
            {t('alertsPage.isResolved')}
          </Badge>
        ),
    },
    { id: 'since', header: t('alertsPage.since'), width: '8rem', cell: ({ opened_at: at }) => <Ago at={at} /> },
    {
      id: 'told',
      header: t('alertsPage.told'),
      width: '8rem',
      from: 1_100,
      cell: ({ told_at: at }) =>
        at === null ? <span className="text-faint">{t('alertsPage.toldNobody')}</span> : <Ago at={at} />,
    },
  ]
  if (mayAct) {
    columns.push({
      id: 'actions',
      header: t('common.actions'),
      quietHeader: true,
      width: '3rem',
      align: 'end',
      card: 'corner',
      cell: (alert) => <AlertMenu alert={alert} />,
    })
  }
  return columns
}
