import { Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { formatDuration } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { Operations } from '../operations/Operations.tsx'
import { classes } from '../ui/classes.ts'
import { ConfirmDialog } from '../ui/confirm.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { useShortcuts } from './keyboard.ts'
import { LanguageSwitch } from './LanguageSwitch.tsx'
import { LiveSwitch, useAge, useIsStale } from './LiveSwitch.tsx'
import { Mark } from './Mark.tsx'
import { Navigation } from './Navigation.tsx'
import { ThemeMenu } from './ThemeMenu.tsx'
import { UserMenu } from './UserMenu.tsx'

/** Fetched with the first wish for it. */
const Help = lazy(() => import('./Help.tsx'))

/** What stands around every page. */
export function Shell() {
  const t = useT()
  const [navigating, setNavigating] = useState(false)
  const [helping, setHelping] = useState(false)
  const main = useRef<HTMLElement>(null)
  useShortcuts({ onHelp: () => setHelping(true) })
  useFocusOnArrival(main.current)
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)]">
      <button
        type="button"
        onClick={() => main.current?.focus()}
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 font-medium focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t('shell.skip')}
      </button>
      <aside className="sticky top-0 hidden h-dvh flex-col gap-4 overflow-y-auto border-r px-3 py-3 lg:flex">
        <span className="flex min-h-8 items-center gap-2 px-2 font-semibold text-lg tracking-tight">
          <Mark />
          Faena
        </span>
        <Navigation />
        <button
          type="button"
          onClick={() => setHelping(true)}
          className="mt-auto flex min-h-8 items-center gap-2 rounded-md px-2 text-faint text-sm hover:bg-hover hover:text-ink"
        >
          <Icon name="keyboard" />
          {t('shell.shortcuts')}
        </button>
      </aside>
      <div className="flex min-w-0 flex-col">
        <header className="sticky top-0 z-20 flex h-(--header-height) items-center gap-1 border-b bg-ground px-3 sm:px-6">
          <button
            type="button"
            aria-label={t('shell.navigation')}
            onClick={() => setNavigating(true)}
            className="-ml-1.5 flex size-9 items-center justify-center rounded-md text-soft hover:bg-hover lg:hidden"
          >
            <Icon name="menu" />
          </button>
          <span className="flex items-center gap-2 font-semibold tracking-tight lg:hidden">
            <Mark className="size-5" />
            <span className="max-sm:sr-only">Faena</span>
          </span>
          <div className="ml-auto flex items-center gap-1">
            <LiveSwitch />
            <LanguageSwitch />
            <ThemeMenu />
            <UserMenu />
          </div>
        </header>
        <StaleNotice />
        <main ref={main} id="main" tabIndex={-1} className="grow px-3 py-4 outline-none sm:px-6 sm:py-5">
          <StaleContent />
        </main>
      </div>
      <Dialog open={navigating} onClose={() => setNavigating(false)} title="Faena" side>
        <Navigation onNavigate={() => setNavigating(false)} />
      </Dialog>
      {helping && (
        <Suspense>
          <Help onClose={() => setHelping(false)} />
        </Suspense>
      )}
      <ConfirmDialog />
    </div>
  )
}

function StaleContent() {
  return (
    <div className={classes(useIsStale() && 'stale')} data-stale={useIsStale() || undefined}>
      <Operations />
      <Outlet />
    </div>
  )
}

/** Nothing answers: how old what is shown is. */
function StaleNotice() {
  const t = useT()
  const isStale = useIsStale()
  const age = useAge()
  if (!isStale) return null
  return (
    <p className="flex items-center gap-2 border-b bg-amber-soft px-3 py-2 text-amber text-sm sm:px-6">
      <Icon name="offline" />
      {t('live.stale', { age: formatDuration(age) })}
    </p>
  )
}

/** After going to another page the focus is on it, not on a link that may be gone. */
function useFocusOnArrival(main: HTMLElement | null): void {
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname })
  const before = useRef(path)
  useEffect(() => {
    if (before.current !== undefined && before.current !== path) main?.focus({ preventScroll: true })
    before.current = path
  }, [path, main])
}
