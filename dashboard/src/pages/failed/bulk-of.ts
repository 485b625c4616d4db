import type { FailedFilter } from '../../api/queries.ts'
import type { Selected } from '../../operations/bulk.ts'

/** Longer values are found by their beginning: what would be reached is more than what is shown. */
const LONGEST_FIELD = 180

/** What a bulk action is told so that it means the very rows of the list; undefined where it can't be told. */
export function bulkOf({ fields, from, to, ...rest }: FailedFilter): Selected | undefined {
  const values = Object.values(fields ?? {})
  if (values.length > 1 || values.some((value) => value.length > LONGEST_FIELD)) return undefined
  return {
    ...rest,
    ...(fields && { fields }),
    ...(from !== undefined && { failed_after: from }),
    ...(to !== undefined && { failed_before: to }),
  }
}
