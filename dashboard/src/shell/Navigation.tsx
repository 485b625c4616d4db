import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { statusQuery } from '../api/queries.ts'
import { formatCompact } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { PAGES } from '../pages/registry.ts'
import { mayAct, useMe } from '../session/use-me.ts'
import { Icon } from '../ui/Icon.tsx'

export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const t = useT()
  const { role } = useMe()
  const { data: status } = useQuery(statusQuery)
  const failed = status?.failed_jobs_count ?? 0
  return (
    <nav aria-label={t('shell.navigation')}>
      <ul className="flex flex-col gap-0.5">
        {PAGES.filter((page) => mayAct(role, page.role)).map(({ id, path, icon }) => (
          <li key={id}>
            <Link
              to={path}
              onClick={onNavigate}
              activeOptions={{ exact: path === '/', includeSearch: false }}
              className="flex min-h-9 items-center gap-2.5 rounded-md px-2 font-medium text-soft text-sm hover:bg-hover hover:text-ink lg:min-h-8 [&.active]:bg-accent-soft [&.active]:text-accent"
            >
              <Icon name={icon} />
              <span className="grow">{t(`nav.${id}`)}</span>
              {id === 'failed' && failed > 0 && (
                <span className="rounded-sm bg-red-soft px-1.5 text-red text-xs">{formatCompact(failed)}</span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
