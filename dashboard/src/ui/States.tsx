import type { ReactNode } from 'react'
import { type Problem, problemOf } from '../api/client.ts'
import { useT } from '../i18n/index.ts'
import { Button } from './Button.tsx'
import { Icon, type IconName } from './Icon.tsx'
import { problemText } from './problem-text.ts'

/** What a list or a page shows in the place of its content. */
function Notice({
  icon,
  title,
  children,
  action,
}: {
  icon: IconName
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <span className="flex size-10 items-center justify-center rounded-full bg-sunken text-faint">
        <Icon name={icon} className="size-5" />
      </span>
      <p className="font-medium text-base">{title}</p>
      {children !== undefined && <div className="max-w-prose text-soft text-sm">{children}</div>}
      {action}
    </div>
  )
}

/** There is nothing, and that is fine. */
export function Empty({ icon = 'check', title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <Notice icon={icon} title={title}>
      {children}
    </Notice>
  )
}

/** There may be something, but none of it fits the filters. */
export function FilteredEmpty({ onClear }: { onClear: () => void }) {
  const t = useT()
  return (
    <Notice
      icon="filter"
      title={t('states.filteredEmpty')}
      action={<Button onClick={onClear}>{t('states.clearFilters')}</Button>}
    >
      {t('states.filteredEmptyHint')}
    </Notice>
  )
}

export function Forbidden({ role }: { role?: string }) {
  const t = useT()
  return (
    <Notice icon="lock" title={t('states.forbidden')}>
      {role === undefined ? undefined : t('states.forbiddenHint', { role })}
    </Notice>
  )
}

/** Something could not be read. 403 says so in its own words. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useT()
  const problem: Problem = problemOf(error)
  if (problem.status === 403) return <Forbidden />
  return (
    <div role="alert">
      <Notice
        icon={problem.code === 'NETWORK' ? 'offline' : 'failed'}
        title={problemText(t, problem)}
        action={
          onRetry && (
            <Button icon="retry" onClick={onRetry}>
              {t('states.tryAgain')}
            </Button>
          )
        }
      >
        {problem.detail}
        {problem.requestId !== undefined && (
          <span className="block text-faint text-xs">
            {t('states.requestId')} <code className="font-mono">{problem.requestId}</code>
          </span>
        )}
      </Notice>
    </div>
  )
}

/** Grey lines in the place of rows that are on their way. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  const t = useT()
  return (
    <div role="status" aria-label={t('states.loading')} className="flex flex-col gap-3 p-4">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else
        <div key={line} className={`pulse h-4 rounded-sm bg-sunken ${line % 3 === 2 ? 'w-2/3' : 'w-full'}`} />
      ))}
    </div>
  )
}
