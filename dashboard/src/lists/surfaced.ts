import { useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { writeExact } from '../json/exact.ts'
import { useMe } from '../session/use-me.ts'
import type { FilterField } from './FilterBar.tsx'

/** In the address a surfaced field stands apart from the panel's own parameters. */
const FIELD_PREFIX = 'f.'

/** Names of the surfaced fields of this installation, and of those that the address narrows by. */
export function useSurfaced(): readonly string[] {
  const { fields } = useMe()
  const { search } = useFieldSearch()
  return useMemo(() => [...new Set([...fields, ...Object.keys(search ?? {})])], [fields, search])
}

export interface FieldSearch {
  /** What the address narrows by; undefined where it is no field. */
  search: Readonly<Record<string, string>> | undefined
  /** The same by the names of parameters, as a filter bar takes it. */
  values: Readonly<Record<string, string>>
  /** A change of the address that takes all of them away. */
  none: Readonly<Record<string, string>>
}

/** The surfaced fields that stand in the address. */
export function useFieldSearch(): FieldSearch {
  const address = useSearch({ strict: false }) as Record<string, string>
  return useMemo(() => {
    const given = Object.entries(address).filter(([name, value]) => name.startsWith(FIELD_PREFIX) && value !== '')
    return {
      search:
        given.length === 0
          ? undefined
          : Object.fromEntries(given.map(([name, value]) => [name.slice(FIELD_PREFIX.length), value])),
      values: Object.fromEntries(given),
      none: Object.fromEntries(given.map(([name]) => [name, ''])),
    }
  }, [address])
}

/** Chips of a filter bar, one for each. */
export function surfacedFilters(names: readonly string[]): FilterField[] {
  return names.map((name) => ({ name: `${FIELD_PREFIX}${name}`, label: name, kind: 'text' }))
}

/** A value of a row, as a text in a cell. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'object' ? writeExact(value) : String(value)
}
