import { useSyncExternalStore } from 'react'
import { readStored, store } from './stored.ts'

/** `system` follows what the machine says, also when it changes. */
export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const system = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()
let chosen: Theme = THEMES.find((theme) => theme === readStored('theme')) ?? 'system'

system.addEventListener('change', tell)

/** Colours are `light-dark()` pairs (styles.css), so one attribute decides all of them. */
export function applyTheme(): void {
  if (chosen === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = chosen
}

export function chooseTheme(theme: Theme): void {
  chosen = theme
  store('theme', theme === 'system' ? null : theme)
  applyTheme()
  tell()
}

function tell(): void {
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => chosen)
}

export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, () => (chosen === 'system' ? system.matches : chosen === 'dark'))
}
