import { useSyncExternalStore } from 'react'

function subscribe(listener: () => void): () => void {
  addEventListener('resize', listener)
  return () => removeEventListener('resize', listener)
}

/** Width of the window in px. */
export function useWide(): number {
  return useSyncExternalStore(subscribe, () => document.documentElement.clientWidth)
}
