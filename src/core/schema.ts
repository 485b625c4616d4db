import { FaenaError } from './errors.ts'

/**
 * The part of Standard Schema v1 (https://standardschema.dev) that Faena uses; Zod, Valibot, ArkType and others fit it
 * as they are, so none of them is a dependency.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export type SchemaInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/**
 * `value` as the schema returns it. Answers at once where the schema does, so that the common case costs no promise.
 * Throws INVALID_INPUT that names the job and every field at fault.
 */
export function checkInput<Output>(
  schema: StandardSchema<unknown, Output> | undefined,
  value: unknown,
  job: string,
): Output | Promise<Output> {
  if (schema === undefined) return value as Output
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then((late) => accepted(late, job)) : accepted(result, job)
}

function accepted<Output>(result: SchemaResult<Output>, job: string): Output {
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }))
  const listed = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new FaenaError('INVALID_INPUT', `Input of job ${job} is not valid: ${listed}`, { issues })
}

function pathOf(issue: SchemaIssue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}
