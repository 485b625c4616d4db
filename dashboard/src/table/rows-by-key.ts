import { type RefObject, useCallback, useEffect, useRef } from 'react'
import type { Selection } from './selection.ts'

/** Selects or lets go of a row; with shift also what lies between it and the one before. */
export function useSelect(ids: readonly string[], selection: Selection | undefined) {
  const before = useRef<number | undefined>(undefined)
  return useCallback(
    (index: number, through: boolean) => {
      const id = ids[index]
      if (selection === undefined || id === undefined) return
      const on = !selection.ids.has(id)
      const next = new Set(selection.ids)
      const from = through && before.current !== undefined ? before.current : index
      for (const one of ids.slice(Math.min(from, index), Math.max(from, index) + 1)) {
        if (on) next.add(one)
        else next.delete(one)
      }
      before.current = index
      selection.onChange(next)
    },
    [ids, selection],
  )
}

/** When the row that was worked on goes, the focus goes to the one that took its place, not to nowhere. */
export function useFocusKept(body: RefObject<HTMLElement | null>, rows: readonly { id: string }[]) {
  const last = useRef<{ id: string; index: number } | undefined>(undefined)
  useEffect(() => {
    const { id, index } = last.current ?? {}
    if (id === undefined || index === undefined || document.activeElement !== document.body) return
    if (rows.length === 0 || rows.some((row) => row.id === id)) return
    last.current = undefined
    body.current?.querySelector<HTMLElement>(`[data-index="${Math.min(index, rows.length - 1)}"]`)?.focus()
  }, [rows, body])
  return useCallback((id: string, index: number) => {
    last.current = { id, index }
  }, [])
}

/** Far rows are not in the page until they are scrolled to. */
export function focusRow(body: HTMLElement | null, index: number, scrollTo: (index: number) => void): void {
  const find = () => body?.querySelector<HTMLElement>(`[data-index="${index}"]`)
  const row = find()
  if (row) row.focus()
  else {
    scrollTo(index)
    requestAnimationFrame(() => find()?.focus())
  }
}
