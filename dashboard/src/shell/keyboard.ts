import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { queryClient } from '../api/query-client.ts'
import { live } from '../live/use-live.ts'
import { PAGES } from '../pages/registry.ts'

/** Keys that work on every page, and what they do: `shortcuts.<name>` in the catalogues. */
export const SHORTCUTS = [
  { keys: '/', name: 'search' },
  { keys: 'r', name: 'refresh' },
  { keys: 'p', name: 'pause' },
  { keys: 'j k', name: 'rows' },
  { keys: 'x', name: 'select' },
  { keys: 'Enter', name: 'open' },
  { keys: '?', name: 'help' },
] as const

/** After `g`, the second key may take so long. */
const CHORD_MS = 1_200

/** None of them fires where somebody types, with a modifier held, or while a dialog or menu is open. */
export function useShortcuts({ onHelp }: { onHelp: () => void }): void {
  const navigate = useNavigate()
  const help = useRef(onHelp)
  help.current = onHelp
  useEffect(() => {
    let goUntil = 0
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isElsewhere(event)) return
      if (Date.now() < goUntil) {
        goUntil = 0
        const page = PAGES.find(({ key }) => key === event.key)
        if (page !== undefined) {
          event.preventDefault()
          void navigate({ to: page.path })
        }
        return
      }
      if (event.key === 'g') goUntil = Date.now() + CHORD_MS
      else if (event.key === '?') help.current()
      else if (event.key === 'p') live.pause(live.state.mode !== 'paused')
      else if (event.key === 'r') void queryClient.invalidateQueries({ refetchType: 'active' })
      else if (event.key === 'j') document.querySelector<HTMLElement>('[role=row][data-index]')?.focus()
      else if (event.key === '/') {
        const search = document.querySelector<HTMLElement>('[data-search]')
        if (search === null) return
        event.preventDefault()
        search.focus()
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [navigate])
}

function isElsewhere({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true
  if (document.querySelector('[role=dialog], [role=alertdialog], [role=menu]:popover-open') !== null) return true
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  )
}
