import { type Alert, api, ask } from '../../api/client.ts'
import { useAction } from '../../api/use-action.ts'
import { formatDuration } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Menu } from '../../ui/Menu.tsx'

const MUTES = [3_600, 14_400, 86_400] as const

/** What an operator does about an alert: see to it, or have nobody told of it for a while. */
export function AlertMenu({ alert: { id, rule, subject, state, muted, acknowledged_by } }: { alert: Alert }) {
  const t = useT()
  const { run } = useAction()
  const params = { path: { id } }
  const name = t(`alerts.rules.${rule}`, { subject })
  const acknowledge = () =>
    run(
      () => ask(api.POST('/api/v1/queue/alerts/{id}/acknowledge', { params })),
      () => t('alerts.acknowledged', { name }),
    )
  const unmute = () =>
    run(
      () => ask(api.POST('/api/v1/queue/alerts/{id}/unmute', { params })),
      () => t('alerts.unmuted', { name }),
    )
  const mute = (seconds: number) =>
    run(
      () => ask(api.POST('/api/v1/queue/alerts/{id}/mute', { params, body: { seconds } })),
      () => t('alerts.mutedFor', { name, time: formatDuration(seconds * 1_000) }),
    )
  return (
    <Menu
      label={t('alerts.actions', { name })}
      icon="more"
      items={[
        ...(state === 'open' && acknowledged_by === null
          ? [{ label: t('alerts.acknowledge'), icon: 'eye' as const, onSelect: () => void acknowledge() }]
          : []),
        ...(muted
          ? [{ label: t('alerts.unmute'), icon: 'alerts' as const, onSelect: () => void unmute() }]
          : MUTES.map((seconds) => ({
              label: t('alerts.mute', { time: formatDuration(seconds * 1_000) }),
              icon: 'pause' as const,
              onSelect: () => void mute(seconds),
            }))),
      ]}
    />
  )
}
