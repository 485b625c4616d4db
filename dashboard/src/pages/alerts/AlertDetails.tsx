import type { ReactNode } from 'react'
import type { Alert } from '../../api/client.ts'
import { formatInstant } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Facts } from '../../lists/Facts.tsx'
import { ButtonLink } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useMeasured } from './use-measured.ts'

/** Everything of one alert, and the way to what it is about. */
export function AlertDetails({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const t = useT()
  const measured = useMeasured()(alert)
  const { rule, subject, opened_at, last_at, resolved_at, told_at } = alert
  const { muted, muted_until, muted_by, acknowledged_at, acknowledged_by } = alert
  const at = (time: string | null) => (time === null ? null : formatInstant(Date.parse(time)))
  const by = (time: string | null, name: string | null): ReactNode =>
    time === null ? null : `${at(time)}${name === null ? '' : `, ${name}`}`
  return (
    <Dialog open onClose={onClose} title={t(`alerts.rules.${rule}`, { subject })}>
      <Facts
        facts={[
          [t('alertsPage.measured'), measured === '' ? null : measured],
          [t('alertsPage.opened'), at(opened_at)],
          [t('alertsPage.last'), at(last_at)],
          [t('alertsPage.isResolved'), at(resolved_at)],
          [t('alertsPage.told'), at(told_at) ?? t('alertsPage.toldNobody')],
          [t('alertsPage.acknowledged'), by(acknowledged_at, acknowledged_by)],
          [t('alertsPage.mutedUntil'), muted ? by(muted_until, muted_by) : null],
        ]}
      />
      <p className="mt-4 flex justify-end">
        <Subject alert={alert} />
      </p>
    </Dialog>
  )
}

/** The key of an alert of failures ends with the fingerprint of their error; the subject of the others is a queue or a schedule. */
function Subject({ alert: { key, rule, subject } }: { alert: Alert }) {
  const t = useT()
  if (rule === 'failed' || rule === 'rate') {
    return (
      <ButtonLink to="/failed" search={rule === 'rate' ? { queue: subject } : { error: key.replace('failed:', '') }}>
        {t('alertsPage.seeFailed')}
      </ButtonLink>
    )
  }
  if (rule === 'schedule') {
    return (
      <ButtonLink to="/schedules" search={{ schedule: subject }}>
        {t('alertsPage.seeSchedule')}
      </ButtonLink>
    )
  }
  return (
    <ButtonLink to="/jobs" search={{ queue: subject, state: 'pending' }}>
      {t('overview.seeQueue')}
    </ButtonLink>
  )
}
