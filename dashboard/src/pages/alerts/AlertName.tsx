import type { Alert } from '../../api/client.ts'
import { useT } from '../../i18n/index.ts'
import { Badge } from '../../ui/Badge.tsx'

/** What is wrong with what, and whether somebody sees to it or wants to hear nothing of it. */
export function AlertName({ alert: { rule, subject, muted, acknowledged_by } }: { alert: Alert }) {
  const t = useT()
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <span className="min-w-0 break-words font-medium">{t(`alerts.rules.${rule}`, { subject })}</span>
      {muted && <Badge>{t('alerts.muted')}</Badge>}
      {acknowledged_by !== null && (
        <Badge tone="blue" icon="eye">
          {t('alerts.seenBy', { name: acknowledged_by })}
        </Badge>
      )}
    </span>
  )
}
