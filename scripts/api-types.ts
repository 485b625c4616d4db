/** TypeScript of an OpenAPI document, in the form that openapi-fetch takes: as much of JSON Schema as our schemas use. */

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean
  items?: Schema
  description?: string
}

interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: Schema
}

interface Operation {
  summary: string
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

export function pathTypes(document: Record<string, unknown>): string {
  const paths = document.paths as Record<string, Record<string, Operation>>
  const { Failure } = (document.components as { schemas: Record<string, Schema> }).schemas
  const body = Object.entries(paths).map(([path, methods]) => `  '${path}': {\n${methodsOf(methods)}  }\n`)
  return [
    '/** Made from docs/reference/openapi.json by `npm run openapi`; what is changed by hand is lost. */\n',
    '// biome-ignore-all format: made by a script\n\n',
    `export interface Failure ${typeOf(Failure!)}\n\n`,
    "interface Refusal { headers: { [name: string]: unknown }; content: { 'application/json': Failure } }\n\n",
    `export interface paths {\n${body.join('')}}\n`,
  ].join('')
}

function methodsOf(methods: Record<string, Operation>): string {
  return METHODS.map((method) => {
    const operation = methods[method]
    if (operation === undefined) return `    ${method}?: never\n`
    return `    /** ${operation.summary} */\n    ${method}: ${operationType(operation)}\n`
  }).join('')
}

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const group = (place: string) => {
    const those = parameters.filter((one) => one.in === place)
    const required = those.some((one) => one.required)
    if (those.length === 0) return `${place}?: never`
    return `${place}${required ? '' : '?'}: { ${those.map((one) => `'${one.name}'${one.required ? '' : '?'}: ${typeOf(one.schema)}`).join('; ')} }`
  }
  const places = ['query', 'header', 'path', 'cookie'].map(group).join('; ')
  const body =
    requestBody === undefined
      ? 'requestBody?: never'
      : `requestBody${requestBody.required ? '' : '?'}: { content: ${contentType(requestBody.content)} }`
  const answers = Object.entries(responses).map(([status, { $ref, content }]) =>
    $ref === undefined
      ? `${status}: { headers: { [name: string]: unknown }; content${content === undefined ? '?: never' : `: ${contentType(content)}`} }`
      : `${status}: Refusal`,
  )
  return `{ parameters: { ${places} }; ${body}; responses: { ${answers.join('; ')} } }`
}

function contentType(content: Record<string, { schema: Schema }>): string {
  return `{ ${Object.entries(content)
    .map(([type, { schema }]) => `'${type}': ${typeOf(schema)}`)
    .join('; ')} }`
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' | ')
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ')
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return `(${typeOf(schema.items ?? {})})[]`
    case 'object':
      return objectType(schema)
    default:
      return 'unknown'
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const keys = Object.entries(properties).map(
    ([name, schema]) => `${nameOf(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  )
  if (additionalProperties === true || keys.length === 0) keys.push('[key: string]: unknown')
  return `{ ${keys.join('; ')} }`
}

function nameOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`
}
