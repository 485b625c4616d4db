import { type Static, type TSchema, Type } from 'typebox'

/** Small pieces that the contract's schemas are made of. One schema validates, documents and types at once. */

/** `schema` or null, written as OpenAPI 3.1 and JSON Schema have it: a list of types. */
export function nullable<Schema extends TSchema>(schema: Schema) {
  const { type } = schema as { type?: string }
  const both = type === undefined ? { anyOf: [schema, { type: 'null' }] } : { ...schema, type: [type, 'null'] }
  return Type.Unsafe<Static<Schema> | null>(both)
}

/** One of a few words. */
export function words<const Words extends readonly string[]>(allowed: Words, description: string) {
  return Type.Unsafe<Words[number]>({ type: 'string', enum: [...allowed], description })
}

export function text(description: string, examples?: readonly string[]) {
  return Type.String({ description, ...(examples && { examples: [...examples] }) })
}

export function whole(description: string, minimum?: number) {
  return Type.Integer({ description, ...(minimum !== undefined && { minimum }) })
}

export function yesNo(description: string) {
  return Type.Boolean({ description })
}

/** `YYYY-MM-DD HH:MM:SS` in FAENA_TIMEZONE. */
export function wallTime(description: string) {
  return Type.String({
    description: `${description}, in FAENA_TIMEZONE`,
    pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$',
  })
}

/** Any JSON. */
export function anything(description: string) {
  return Type.Unsafe<unknown>({ description })
}

/** An object that may have further keys, with any values. */
export function open<Schema extends TSchema>(schema: Schema) {
  return Type.Unsafe<Static<Schema> & Record<string, unknown>>({ ...schema, additionalProperties: true })
}

export const queueWord = text('Name of a queue', ['netsuite'])
