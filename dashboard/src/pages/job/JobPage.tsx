import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useT } from '../../i18n/index.ts'
import { Icon } from '../../ui/Icon.tsx'
import { Page } from '../../ui/Page.tsx'

/** The frame of one job: the way back, its name, and what is told beside and below each other. */
export function JobPage({
  back,
  title,
  aside,
  actions,
  side,
  children,
}: {
  back: 'jobs' | 'failed'
  title: string
  aside?: ReactNode
  actions?: ReactNode
  side: ReactNode
  children: ReactNode
}) {
  const t = useT()
  return (
    <div className="flex flex-col gap-2">
      <Link
        to={`/${back}`}
        className="mx-auto flex w-full max-w-[100rem] items-center gap-1 text-soft text-sm hover:text-ink"
      >
        <Icon name="left" className="size-3.5" />
        {t(`nav.${back}`)}
      </Link>
      <Page title={title} aside={aside} actions={actions}>
        <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
          <div className="flex min-w-0 flex-col gap-4">{children}</div>
          <div className="flex min-w-0 flex-col gap-4">{side}</div>
        </div>
      </Page>
    </div>
  )
}
