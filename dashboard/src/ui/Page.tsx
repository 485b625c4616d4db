import { type ReactNode, useEffect } from 'react'
import { classes } from './classes.ts'

/** What stands at the head of every page: its name, what can be done with all of it. */
export function Page({
  title,
  aside,
  actions,
  children,
}: {
  title: string
  /** Beside the title: a count, a state. */
  aside?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Faena`
  }, [title])
  return (
    <div className="mx-auto flex w-full max-w-[100rem] flex-col gap-4">
      <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
        <h1 tabIndex={-1} className="font-semibold text-xl tracking-tight outline-none">
          {title}
        </h1>
        {aside}
        {actions !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  )
}

/** A part of a page on its own surface. */
export function Section({
  title,
  actions,
  children,
  className,
  flush = false,
}: {
  title: ReactNode
  actions?: ReactNode
  children: ReactNode
  className?: string
  /** The content reaches the edges: tables. */
  flush?: boolean
}) {
  return (
    <section className={classes('surface flex min-w-0 flex-col', className)}>
      <div className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-1.5">
        <h2 className="font-medium text-base">{title}</h2>
        {actions !== undefined && <div className="ml-auto flex flex-wrap items-center gap-1.5">{actions}</div>}
      </div>
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  )
}
