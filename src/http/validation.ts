import { Ajv, type ErrorObject } from 'ajv'
import type { TObject } from 'typebox'
import { ApiError, type Issue } from './errors.ts'

/** Texts of the address, as the schema wants them: nothing but whole numbers and true or false is ever converted. */
type Texts = Record<string, unknown>

/** Throws BAD_ARGUMENT that lists what is wrong. */
export type Reader = (given: unknown) => Record<string, unknown>

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, allowUnionTypes: true })

/** For parameters of the address. `patient`: unknown ones and empty ones count as not given. */
export function addressReader(schema: TObject, patient: boolean, extra: readonly string[] = []): Reader {
  const known = Object.keys(schema.properties)
  const check = ajv.compile({ ...schema, additionalProperties: patient || extra.length > 0 })
  return (given) => {
    const texts = given as Texts
    const values: Texts = {}
    for (const [name, value] of Object.entries(texts)) {
      const isExtra = extra.includes(name)
      if (patient && (value === '' || !(isExtra || known.includes(name)))) continue
      if (!patient && extra.length > 0 && !isExtra && !known.includes(name))
        throw unknownName(name, [...known, ...extra])
      if (isExtra && typeof value !== 'string') throw refused(name, 'is given more than once')
      values[name] = converted(value, (schema.properties as Record<string, { type?: string }>)[name]?.type)
    }
    if (check(values)) return values
    throw refusal(check.errors ?? [], 'parameter')
  }
}

export function bodyReader(schema: TObject, optional: boolean): Reader {
  const check = ajv.compile({ ...schema, additionalProperties: false })
  return (given) => {
    const value = optional && isNothing(given) ? {} : given
    if (check(value)) return value as Record<string, unknown>
    throw refusal(check.errors ?? [], 'body')
  }
}

/** PHP writes an empty object as `[]`. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

function converted(value: unknown, type: string | undefined): unknown {
  if (typeof value !== 'string') return value
  if (type === 'integer' && /^-?\d{1,400}$/.test(value)) return Math.min(Number(value), Number.MAX_SAFE_INTEGER)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function refusal(errors: readonly ErrorObject[], where: 'parameter' | 'body'): ApiError {
  const issues = errors.slice(0, 20).map(issueOf)
  const first = issues[0]
  return new ApiError('BAD_ARGUMENT', first === undefined ? `A ${where} is not allowed` : sentence(first), { issues })
}

function sentence({ path, message }: Issue): string {
  return path === '' ? `The body ${message}` : `${path} ${message}`
}

function issueOf({ instancePath, keyword, params, message }: ErrorObject): Issue {
  const path = instancePath.slice(1).replaceAll('/', '.')
  const below = (name: string) => (path === '' ? name : `${path}.${name}`)
  if (keyword === 'additionalProperties')
    return { path: below(String(params.additionalProperty)).slice(0, 100), message: 'is not known here' }
  if (keyword === 'required') return { path: below(String(params.missingProperty)), message: 'is missing' }
  if (keyword === 'enum') return { path, message: `must be one of ${(params.allowedValues as unknown[]).join(', ')}` }
  if (keyword === 'pattern') return { path, message: 'does not have the form that is expected' }
  return { path, message: message ?? 'is not allowed' }
}

function unknownName(name: string, known: readonly string[]): ApiError {
  return refused(name, `is not known here; there are ${known.join(', ')}`)
}

function refused(name: string, message: string): ApiError {
  const path = name.slice(0, 100)
  return new ApiError('BAD_ARGUMENT', `${path} ${message}`, { issues: [{ path, message }] })
}
