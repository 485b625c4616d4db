import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Alert, api, ask } from '../../api/client.ts'
import { openAlertsQuery } from '../../api/queries.ts'
import { useAction } from '../../api/use-action.ts'
import { formatDuration, formatNumber, formatPercent } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { visible } from '../../json/visible.ts'
import { useEvery } from '../../live/use-live.ts'
import { useMay } from '../../session/use-me.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Menu } from '../../ui/Menu.tsx'
import { Section } from '../../ui/Page.tsx'
import { Ago } from '../../ui/Time.tsx'

const LOOK_MS = 15_000
/** More than these wait to be asked for: the figures below matter too. */
const FEW = 3

/** What the rules of the installation found wrong and is not mended yet. Without any, nothing is shown. */
export function OpenAlerts() {
  const t = useT()
  const { data: alerts = [] } = useQuery({ ...openAlertsQuery, refetchInterval: useEvery(LOOK_MS) })
  const [isWhole, setWhole] = useState(false)
  if (alerts.length === 0) return null
  const shown = isWhole ? alerts : alerts.slice(0, FEW)
  return (
    <Section
      title={t('alerts.open')}
      flush
      actions={
        alerts.length > FEW && (
          <Button tone="quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? t('alerts.fewer') : t('alerts.all', { n: formatNumber(alerts.length) })}
          </Button>
        )
      }
    >
      <ul>
        {shown.map((alert) => (
          <AlertLine key={alert.id} alert={alert} />
        ))}
      </ul>
    </Section>
  )
}

function AlertLine({ alert }: { alert: Alert }) {
  const t = useT()
  const mayAct = useMay('operator')
  const { rule, subject, opened_at, muted, acknowledged_by } = alert
  const found = useFound(alert)
  return (
    <li className="flex items-center gap-3 border-b px-4 py-2 last:border-0">
      <span className="min-w-0 grow">
        <span className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium">{t(`alerts.rules.${rule}`, { subject })}</span>
          {muted && <Badge>{t('alerts.muted')}</Badge>}
          {acknowledged_by !== null && (
            <Badge tone="blue" icon="eye">
              {t('alerts.seenBy', { name: acknowledged_by })}
            </Badge>
          )}
        </span>
        <span className="block truncate text-faint text-xs">
          <Ago at={opened_at} />
          {found !== '' && ` · ${found}`}
        </span>
      </span>
      {mayAct && <AlertMenu alert={alert} />}
    </li>
  )
}

/** What was measured, in a few words. */
function useFound({ detail, count }: Alert): string {
  const t = useT()
  const { headline, jobs, age_seconds, limit_seconds, share, attempts } = detail
  const parts = [
    headline === undefined ? undefined : `${formatNumber(count)} × ${visible(headline)}`,
    jobs === undefined ? undefined : t('alerts.due', { count: jobs, n: formatNumber(jobs) }),
    age_seconds === undefined ? undefined : formatDuration(age_seconds * 1_000),
    limit_seconds === undefined ? undefined : t('alerts.limit', { time: formatDuration(limit_seconds * 1_000) }),
    share === undefined
      ? undefined
      : t('alerts.share', { share: formatPercent(share), n: formatNumber(attempts ?? 0) }),
  ]
  return parts.filter((part) => part !== undefined).join(' · ')
}

const MUTES = [3_600, 14_400, 86_400] as const

function AlertMenu({ alert: { id, rule, subject, muted, acknowledged_by } }: { alert: Alert }) {
  const t = useT()
  const { run } = useAction()
  const params = { path: { id } }
  const name = t(`alerts.rules.${rule}`, { subject })
  return (
    <Menu
      label={t('alerts.actions', { name })}
      icon="more"
      items={[
        ...(acknowledged_by === null
          ? [
              {
                label: t('alerts.acknowledge'),
                icon: 'eye' as const,
                onSelect: () =>
                  void run(
                    () => ask(api.POST('/api/v1/queue/alerts/{id}/acknowledge', { params })),
                    () => t('alerts.acknowledged', { name }),
                  ),
              },
            ]
          : []),
        ...(muted
          ? [
              {
                label: t('alerts.unmute'),
                icon: 'alerts' as const,
                onSelect: () =>
                  void run(
                    () => ask(api.POST('/api/v1/queue/alerts/{id}/unmute', { params })),
                    () => t('alerts.unmuted', { name }),
                  ),
              },
            ]
          : MUTES.map((seconds) => ({
              label: t('alerts.mute', { time: formatDuration(seconds * 1_000) }),
              icon: 'pause' as const,
              onSelect: () =>
                void run(
                  () => ask(api.POST('/api/v1/queue/alerts/{id}/mute', { params, body: { seconds } })),
                  () => t('alerts.mutedFor', { name, time: formatDuration(seconds * 1_000) }),
                ),
            }))),
      ]}
    />
  )
}
