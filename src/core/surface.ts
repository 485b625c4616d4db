import { notAllowed } from './errors.ts'

/** A field of a job's input that lists show beside the job, with the keys it may stand under. */
export interface SurfacedField {
  name: string
  keys: readonly string[]
}

/** `FAENA_SURFACE`: fields parted by commas, each with its aliases after `|`; the first is what the field is called. */
export function surfacedFields(spec: string, setting = 'FAENA_SURFACE'): SurfacedField[] {
  const fields: SurfacedField[] = []
  for (const part of spec.split(',')) {
    if (part.trim() === '') continue
    const keys = part.split('|').map((key) => key.trim())
    if (keys.some((key) => !FORM.test(key)) || fields.some(({ name }) => name === keys[0])) {
      throw notAllowed('BAD_CONFIGURATION', setting, spec, 'names with aliases, as in order_id|orderId,tienda_id|tiendaId')
    }
    fields.push({ name: keys[0]!, keys })
  }
  return fields
}

const FORM = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

/** The fields as JSON object text, each with its JSON type; `null` where the input has none of them. Nested values are not shown. */
export function surfacedText(fields: readonly SurfacedField[], data: unknown): string | null {
  if (fields.length === 0 || typeof data !== 'object' || data === null || Array.isArray(data)) return null
  const found: Record<string, unknown> = {}
  let any = false
  for (const { name, keys } of fields) {
    const key = keys.find((candidate) => isScalar((data as Record<string, unknown>)[candidate]))
    if (key === undefined) continue
    found[name] = (data as Record<string, unknown>)[key]
    any = true
  }
  return any ? JSON.stringify(found) : null
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
