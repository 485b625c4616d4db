import { notAllowed } from '../core/errors.ts'
import { isUuid } from '../core/uuid.ts'
import type { JobRef } from '../store.ts'

/** Reads what a person or a program calls a job by: a row id (also as text) or a uuid. Throws BAD_ARGUMENT. */
export function jobRef(value: unknown, name = 'id'): JobRef {
  if (typeof value === 'string') {
    if (isUuid(value)) return value.toLowerCase()
    const id = /^[1-9]\d{0,19}$/.test(value) ? Number(value) : Number.NaN
    // A larger one is an id too, but of no row that is here.
    if (!Number.isNaN(id)) return Number.isSafeInteger(id) ? id : value
  } else if (Number.isSafeInteger(value) && (value as number) > 0) {
    return value as number
  }
  throw notAllowed('BAD_ARGUMENT', name, value, 'a row id (a whole number from 1) or a uuid')
}

/** A list of refs, each checked and named by its place. */
export function jobRefs(values: readonly unknown[], name = 'ids'): JobRef[] {
  if (!Array.isArray(values) || values.length === 0)
    throw notAllowed('BAD_ARGUMENT', name, values, 'at least one id or uuid')
  return values.map((value, at) => jobRef(value, `${name}[${at}]`))
}
