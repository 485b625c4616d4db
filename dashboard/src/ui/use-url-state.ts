import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { asAddress } from './as-address.ts'

/**
 * State of a page that lives in its address: `const [state, set] = useUrlState({ queue: '', tab: 'list' })`. Values are
 * texts; what has its default is left out of the address. Other parameters stay as they are.
 */
export function useUrlState<State extends Record<string, string>>(
  defaults: State,
): [State, (change: Partial<State>, how?: { replace?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>
  const navigate = useNavigate()
  // Written out anew by each render of the page, but the same.
  const key = JSON.stringify(defaults)
  const state = useMemo(() => {
    const known: State = JSON.parse(key)
    return Object.fromEntries(Object.entries(known).map(([name, usual]) => [name, search[name] ?? usual])) as State
  }, [search, key])
  const set = useCallback(
    (change: Partial<State>, { replace = false } = {}) => {
      const known: State = JSON.parse(key)
      void navigate(
        asAddress({
          to: '.',
          replace,
          resetScroll: false,
          search: (now: Record<string, string>) => withoutDefaults({ ...now, ...change }, known),
        }),
      )
    },
    [navigate, key],
  )
  return [state, set]
}

function withoutDefaults(search: Record<string, string | undefined>, defaults: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(search).filter(([name, value]) => value !== undefined && value !== '' && value !== defaults[name]),
  )
}

/** The router's own form puts JSON into addresses; ours are plain: `?queue=mail&f.order_id=803193`. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text))
}

export function stringifySearch(search: Record<string, unknown>): string {
  const text = new URLSearchParams(
    Object.entries(search).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)]],
    ),
  ).toString()
  return text === '' ? '' : `?${text}`
}
