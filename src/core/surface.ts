import { notAllowed } from './errors.ts'

/** A field of a job's input that lists show beside the job, with the keys it may stand under. */
export interface SurfacedField {
  name: string
  keys: readonly string[]
}

/** Keys that rows and lists of the API have anyway: a field of this name would hide one. An alias may be any of them. */
const TAKEN = new Set(
  (
    'id queue attempts max_attempts job_class created_at_human available_at_human reserved_at_human age_seconds ' +
    'exception_short failed_at uuid priority tags delayed status limit cursor q error from to'
  ).split(' '),
)

/**
 * `FAENA_SURFACE`: fields parted by commas, each with its aliases after `|`; the first is what the field is called. Throws
 * BAD_CONFIGURATION for a name that is none, that stands there twice, or that the API's rows use themselves.
 */
export function surfacedFields(spec: string, setting = 'FAENA_SURFACE'): SurfacedField[] {
  const fields: SurfacedField[] = []
  for (const part of spec.split(',')) {
    if (part.trim() === '') continue
    const keys = part.split('|').map((key) => key.trim())
    const name = keys[0]!
    if (keys.some((key) => !FORM.test(key)) || fields.some((field) => field.name === name)) {
      throw notAllowed(
        'BAD_CONFIGURATION',
        setting,
        spec,
        'names with aliases, as in order_id|orderId,tienda_id|tiendaId',
      )
    }
    if (TAKEN.has(name)) {
      const taken = [...TAKEN].join(', ')
      throw notAllowed(
        'BAD_CONFIGURATION',
        `field of ${setting}`,
        name,
        `a name that rows do not use already (${taken})`,
      )
    }
    fields.push({ name, keys })
  }
  return fields
}

const FORM = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

/** The fields that `data` has, each with its JSON type, or null where it has none of them. Nested values are not shown. */
export function surfaced(fields: readonly SurfacedField[], data: unknown): Record<string, unknown> | null {
  if (fields.length === 0 || typeof data !== 'object' || data === null || Array.isArray(data)) return null
  const own = (key: string): unknown => (Object.hasOwn(data, key) ? (data as Record<string, unknown>)[key] : undefined)
  const found: [string, unknown][] = []
  for (const { name, keys } of fields) {
    const key = keys.find((candidate) => isScalar(own(candidate)))
    if (key !== undefined) found.push([name, own(key)])
  }
  return found.length > 0 ? Object.fromEntries(found) : null
}

/** The value that `data` has for one field; undefined where it has none. */
export function surfacedValue({ keys }: SurfacedField, data: object): unknown {
  for (const key of keys) {
    const value: unknown = Object.hasOwn(data, key) ? (data as Record<string, unknown>)[key] : undefined
    if (isScalar(value)) return value
  }
  return undefined
}

/** As `surfaced`, as JSON object text. */
export function surfacedText(fields: readonly SurfacedField[], data: unknown): string | null {
  const found = surfaced(fields, data)
  return found && JSON.stringify(found)
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
