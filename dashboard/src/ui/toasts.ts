import { useSyncExternalStore } from 'react'

export interface Toast {
  id: number
  tone: 'done' | 'problem' | 'note'
  text: string
  /** Smaller, below. */
  detail?: string
  action?: { label: string; onSelect: () => void }
}

const SHOWN_MS = { done: 6_000, note: 6_000, problem: 12_000 }
const MOST = 4

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** Says what became of something: shown for some seconds, and read out. What is said again while it is shown takes its own place. */
export function toast(what: Omit<Toast, 'id'>): void {
  lastId += 1
  const id = lastId
  const others = toasts.filter(({ tone, text }) => tone !== what.tone || text !== what.text)
  set([...others, { ...what, id }].slice(-MOST))
  setTimeout(() => dismiss(id), SHOWN_MS[what.tone])
}

export function dismiss(id: number): void {
  set(toasts.filter((one) => one.id !== id))
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(subscribe, () => toasts)
}

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
