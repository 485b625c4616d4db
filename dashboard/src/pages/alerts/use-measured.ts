import type { Alert } from '../../api/client.ts'
import { formatDuration, formatNumber, formatPercent } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { visible } from '../../json/visible.ts'

/** What was measured, in a few words; nothing where a rule measures nothing. */
export function useMeasured(): (alert: Alert) => string {
  const t = useT()
  return ({ detail, count }) => {
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
}
