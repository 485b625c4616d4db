/** Writes docs/reference/openapi.json and the client's types from the routes' schemas. A test compares both. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openapiDocument } from '../src/http/openapi.ts'
import { API_VERSION } from '../src/http/plugin.ts'
import { ROUTES } from '../src/http/routes.ts'
import { pathTypes } from './api-types.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** As a server without surfaced fields, mounted nowhere in particular, gives it. */
export function apiDocument(): Record<string, unknown> {
  return JSON.parse(JSON.stringify(openapiDocument({ routes: ROUTES, version: API_VERSION })))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = apiDocument()
  const files = {
    'docs/reference/openapi.json': `${JSON.stringify(document, null, 2)}\n`,
    'src/api/paths.ts': pathTypes(document),
  }
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path)
    if (text !== readFileSync(file, { encoding: 'utf8', flag: 'a+' })) writeFileSync(file, text)
  }
}
