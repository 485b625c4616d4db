import { useQuery } from '@tanstack/react-query'
import type { Alert } from '../../api/client.ts'
import { openAlertsQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { useEvery } from '../../live/use-live.ts'
import { useMay } from '../../session/use-me.ts'
import { ButtonLink } from '../../ui/Button.tsx'
import { Section } from '../../ui/Page.tsx'
import { Ago } from '../../ui/Time.tsx'
import { AlertMenu } from '../alerts/AlertMenu.tsx'
import { AlertName } from '../alerts/AlertName.tsx'
import { useMeasured } from '../alerts/use-measured.ts'

const LOOK_MS = 15_000
/** The others are a step away: the figures below matter too. */
const FEW = 3

/** What the rules of the installation found wrong and is not mended yet. Without any, nothing is shown. */
export function OpenAlerts() {
  const t = useT()
  const { data: alerts = [] } = useQuery({ ...openAlertsQuery, refetchInterval: useEvery(LOOK_MS) })
  if (alerts.length === 0) return null
  return (
    <Section
      title={t('alerts.open')}
      flush
      actions={
        <ButtonLink tone="quiet" to="/alerts">
          {t('overview.allAlerts')}
        </ButtonLink>
      }
    >
      <ul>
        {alerts.slice(0, FEW).map((alert) => (
          <AlertLine key={alert.id} alert={alert} />
        ))}
      </ul>
    </Section>
  )
}

function AlertLine({ alert }: { alert: Alert }) {
  const measured = useMeasured()(alert)
  return (
    <li className="flex items-center gap-3 border-b px-4 py-2 last:border-0">
      <span className="min-w-0 grow">
        <AlertName alert={alert} />
        <span className="block truncate text-faint text-xs">
          <Ago at={alert.opened_at} />
          {measured !== '' && ` · ${measured}`}
        </span>
      </span>
      {useMay('operator') && <AlertMenu alert={alert} />}
    </li>
  )
}
