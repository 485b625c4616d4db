/** Longer values are found by their beginning; an indexed text of MySQL holds no more. */
const LONGEST_VALUE = 180

/** The text that a surfaced value is found by, whatever type it has in the payload. */
export function fieldText(value: string): string {
  return [...value.slice(0, 2 * LONGEST_VALUE)].slice(0, LONGEST_VALUE).join('')
}

/** Names and texts of the surfaced fields that stand beside a failed job as JSON object text. */
export function fieldsOf(surfaced: string | null): { field: string; value: string }[] {
  if (surfaced === null) return []
  let read: unknown
  try {
    read = JSON.parse(surfaced)
  } catch {
    return []
  }
  if (typeof read !== 'object' || read === null) return []
  return Object.entries(read)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([field, value]) => ({ field, value: fieldText(String(value)) }))
}
