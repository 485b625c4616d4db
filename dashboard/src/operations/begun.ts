import { useSyncExternalStore } from 'react'

/** Bulk actions that were begun on this page. What became of them is told also where they were over before anybody looked. */
let begun: ReadonlySet<number> = new Set()
const listeners = new Set<() => void>()

export function expectEnd(id: number): void {
  set(new Set([...begun, id]))
}

export function endTold(id: number): void {
  if (begun.has(id)) set(new Set([...begun].filter((one) => one !== id)))
}

export function useBegun(): ReadonlySet<number> {
  return useSyncExternalStore(subscribe, () => begun)
}

function set(next: ReadonlySet<number>): void {
  begun = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
