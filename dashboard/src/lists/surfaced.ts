import { useMemo } from 'react'
import { writeExact } from '../json/exact.ts'

/** Keys of rows that the contract names; the others are surfaced fields of this installation. */
const NAMED: ReadonlySet<string> = new Set([
  ...['id', 'queue', 'attempts', 'max_attempts', 'job_class', 'created_at_human', 'available_at_human'],
  ...['reserved_at_human', 'age_seconds', 'priority', 'status', 'uuid', 'name', 'tags'],
  ...['exception_short', 'failed_at', 'fingerprint', 'connection', 'headline', 'exception'],
  ...['payload', 'payload_kind', 'masked', 'runs', 'reserved_by', 'max_exceptions', 'timeout_ms'],
  ...['retry_until_human', 'unique_key'],
])

/** What was seen outlives a filter that leaves no row to see it in. */
const seen = new Set<string>()

/** In the address a surfaced field stands apart from the panel's own parameters. */
export const FIELD_PREFIX = 'f.'

/** Names of the surfaced fields, as far as rows and the address have shown them. */
export function useSurfaced(rows: readonly object[], search: Readonly<Record<string, string>>): readonly string[] {
  return useMemo(() => {
    for (const name of Object.keys(rows[0] ?? {})) if (!NAMED.has(name)) seen.add(name)
    for (const name of Object.keys(fieldsIn(search) ?? {})) seen.add(name)
    return [...seen].sort()
  }, [rows, search])
}

/** Those that an address narrows by. */
export function fieldsIn(search: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const given = Object.entries(search).flatMap(([name, value]) =>
    name.startsWith(FIELD_PREFIX) && value !== '' ? [[name.slice(FIELD_PREFIX.length), value] as const] : [],
  )
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/** A value of a row, as a text in a cell. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'object' ? writeExact(value) : String(value)
}
