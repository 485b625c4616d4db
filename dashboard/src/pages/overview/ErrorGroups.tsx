import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { failedGroupsQuery } from '../../api/queries.ts'
import { formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { useBulk } from '../../operations/bulk.ts'
import { useMay } from '../../session/use-me.ts'
import { asAddress } from '../../ui/as-address.ts'
import { ButtonLink, IconButton } from '../../ui/Button.tsx'
import { Section } from '../../ui/Page.tsx'
import { Empty, Failed, Skeleton } from '../../ui/States.tsx'
import { Ago } from '../../ui/Time.tsx'

const SHOWN = 6

/** What fails most, by its cause. */
export function ErrorGroups() {
  const t = useT()
  const mayRetry = useMay('operator')
  const { busy, retry } = useBulk()
  const { data: groups, error, refetch } = useQuery(failedGroupsQuery({}, SHOWN))
  return (
    <Section
      title={t('overview.errors')}
      flush
      actions={
        <ButtonLink to="/failed" search={{ view: 'groups' }} tone="quiet">
          {t('overview.allErrors')}
        </ButtonLink>
      }
    >
      {groups === undefined ? (
        error === null ? (
          <Skeleton lines={4} />
        ) : (
          <Failed error={error} onRetry={() => void refetch()} />
        )
      ) : groups.length === 0 ? (
        <Empty title={t('failed.empty')} />
      ) : (
        <ul>
          {groups.map(({ fingerprint, name, headline, count, last_at }) => (
            <li key={fingerprint} className="flex items-center gap-3 border-b px-4 py-2 last:border-0 hover:bg-hover">
              <Link to="/failed" search={asAddress({ error: fingerprint })} className="group min-w-0 grow">
                <span className="block truncate font-medium group-hover:underline" title={headline}>
                  {headline}
                </span>
                <span className="block truncate text-faint text-xs">
                  {name} · <Ago at={last_at} />
                </span>
              </Link>
              <span className="shrink-0 font-medium text-red">{formatNumber(count)}</span>
              {mayRetry && (
                <IconButton
                  icon="retry"
                  label={t('failed.retryGroup')}
                  disabled={busy}
                  onClick={() => void retry({ error: fingerprint }, count)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
