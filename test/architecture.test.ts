import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../src/core/errors.ts'

/**
 * The shape of the code, held by reading it: who may import whom, who may touch the process, how large a file gets, which
 * words are used. Whoever finds a better shape changes the table here and writes a decision record that says why.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Part → parts it may import, beside itself. A part is the first row whose path begins the file's. */
const TABLE: readonly { part: string; at: string; imports: readonly string[] | 'all'; except?: readonly string[] }[] = [
  { part: 'core', at: 'src/core/', imports: [] },
  { part: 'store', at: 'src/store.ts', imports: ['core'] },
  { part: 'stores/sql', at: 'src/stores/sql/', imports: ['core', 'store'] },
  { part: 'stores/sqlite', at: 'src/stores/sqlite/', imports: ['core', 'store', 'stores/sql'] },
  { part: 'stores/postgres', at: 'src/stores/postgres/', imports: ['core', 'store', 'stores/sql'] },
  { part: 'stores/mysql', at: 'src/stores/mysql/', imports: ['core', 'store', 'stores/sql'] },
  { part: 'stores/redis', at: 'src/stores/redis/', imports: ['core', 'store'] },
  { part: 'stores/memory', at: 'src/stores/memory/', imports: ['core', 'store'] },
  {
    part: 'stores/open',
    at: 'src/stores/open.ts',
    imports: ['core', 'store', 'stores/sqlite', 'stores/memory', 'stores/postgres', 'stores/mysql', 'stores/redis'],
  },
  { part: 'laravel', at: 'src/laravel/', imports: ['core'] },
  { part: 'client', at: 'src/client/', imports: ['core', 'store', 'laravel'] },
  {
    part: 'worker/heartbeat-thread',
    at: 'src/worker/heartbeat-thread.ts',
    imports: ['core', 'store', 'worker', 'stores/open'],
  },
  { part: 'worker', at: 'src/worker/', imports: ['core', 'store', 'laravel', 'worker/heartbeat-thread'] },
  { part: 'maintenance', at: 'src/maintenance/', imports: ['core', 'store'] },
  { part: 'alerts', at: 'src/alerts/', imports: ['core', 'client'] },
  { part: 'http', at: 'src/http/', imports: ['core', 'client', 'alerts'] },
  // What runs in a browser: knows the API by its description alone.
  { part: 'api', at: 'src/api/', imports: [] },
  { part: 'otel', at: 'src/otel/', imports: ['core'] },
  { part: 'logs', at: 'src/logs/', imports: ['core', 'worker'] },
  { part: 'supervisor', at: 'src/supervisor/', imports: ['core', 'client'] },
  // Puts a store, a queue, workers and a scheduler together for an application; the CLI does the same for a process.
  { part: 'connect', at: 'src/connect.ts', imports: 'all', except: ['cli', 'testing'] },
  { part: 'index', at: 'src/index.ts', imports: 'all', except: ['cli', 'testing'] },
  { part: 'cli', at: 'src/cli/', imports: 'all', except: ['testing'] },
  { part: 'testing', at: 'src/testing/', imports: 'all', except: ['cli'] },
]

/** What an application may import; the example and the benchmarks are applications. */
const ENTRY_POINTS = [
  'src/index.ts',
  'src/stores/sqlite/store.ts',
  'src/testing/index.ts',
  'src/http/index.ts',
  'src/api/index.ts',
  'src/otel/index.ts',
]

/** Packages from the registry that src may use, and where. */
const PACKAGES: Record<string, readonly string[]> = {
  commander: ['cli'],
  // Optional peers: loaded when their database is opened.
  pg: ['stores/postgres'],
  mysql2: ['stores/mysql'],
  pino: ['logs'],
  // An optional peer: whoever imports faena/otel has it.
  '@opentelemetry/api': ['otel'],
  // An optional peer: loaded when a channel of type email is told.
  nodemailer: ['alerts'],
  fastify: ['http', 'cli'],
  '@fastify/helmet': ['http'],
  ajv: ['http'],
  jose: ['http', 'cli'],
  typebox: ['http'],
  'openapi-fetch': ['api'],
}

/** Files outside cli/ and supervisor/ that touch the process, and why they must. */
const TOUCHES_PROCESS: Record<string, string> = {
  'src/worker/heartbeat-thread.ts':
    'ends a process whose event loop a handler blocks past its timeout: nothing else still runs there',
  'src/worker/isolate-host.ts': 'is the whole of a child process or thread made for one handler: it ends with it',
}

const LONGEST_FILE = 400

const LONGER_FILES: Record<string, string> = {
  'src/store.ts': 'the contract: types and promises without code, read in one piece',
  'src/api/paths.ts': 'made by scripts/openapi.ts: a type for each route',
}

/** Words of other queues for what the glossary calls otherwise. (A worker may be dead; a job is failed.) */
const FORBIDDEN_WORDS = [
  'task',
  'message',
  'ack',
  'nack',
  'claim',

  'driver',
  'adapter',
  'processor',
  'consumer',
]

/** Identifiers that hold a forbidden word without meaning a job, a store or a worker, and why. */
const ALLOWED_IDENTIFIERS: Record<string, string> = {
  message: 'the text of an Error or of a schema issue, and the event of a worker thread',
  postMessage: 'of node:worker_threads and child processes',
  MessagePort: 'of node:worker_threads',
  IncomingMessage: 'of node:http',
  MessageChannel: 'of node:worker_threads',
  queueMicrotask: 'of the language',
  CONSUMER: 'a kind of span, in the words of OpenTelemetry',
  claim: 'a field of a JWT, in errors of jose',
  roleClaim: 'the field of a JWT that names a role',
  messageId: 'a field of nodemailer: the Message-ID of a mail',
}

interface SourceFile {
  path: string
  text: string
  imports: { from: string; line: string }[]
}

const source = files('src/**/*.ts').filter(({ path }) => !path.endsWith('.test.ts'))
const applications = files('{examples,bench,dashboard}/**/*.{ts,tsx}')
const modules = new Map(source.map((file) => [file.path, file]))

describe('imports', () => {
  test('every file of src belongs to a part of the table', () => {
    expect(source.filter(({ path }) => rowOf(path) === undefined).map(({ path }) => path)).toEqual([])
  })

  test('a part imports only what the table allows', () => {
    const wrong = source.flatMap((file) =>
      localImports(file)
        .filter((target) => !mayImport(file.path, target))
        .map((target) => `${file.path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('imports name a file that exists, with its ending', () => {
    const wrong = source.flatMap((file) =>
      localImports(file)
        .filter((target) => !modules.has(target))
        .map((target) => `${file.path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('packages from the registry are used only where the table of packages says', () => {
    const wrong = source.flatMap((file) =>
      packageImports(file)
        .filter((name) => !(PACKAGES[name] ?? []).includes(rowOf(file.path)?.part ?? ''))
        .map((name) => `${file.path} imports ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('built-in modules carry the node: prefix', () => {
    const wrong = source.flatMap((file) =>
      file.imports
        .filter(({ from }) => !from.startsWith('node:') && builtinModules.includes(from))
        .map(({ from }) => `${file.path} imports ${from}`),
    )
    expect(wrong).toEqual([])
  })

  test('one file alone asks where it lies: in the package others lie elsewhere than here', () => {
    const asking = source.filter(({ text }) => /\bimport\.meta\b/.test(codeOf(text))).map(({ path }) => path)
    expect(asking).toEqual(['src/core/own-file.ts'])
  })

  test('no file imports itself by a way round, types aside', () => {
    expect(cycles()).toEqual([])
  })

  test('applications import public entry points only', () => {
    // A prototype of a store (decision 0034) stands outside, but is written against the contract like those inside.
    const prototypes = 'bench/ranges/'
    const wrong = applications.flatMap((file) =>
      (file.path.startsWith(prototypes) ? [] : localImports(file))
        .filter((target) => target.startsWith('src/') && !ENTRY_POINTS.includes(target))
        .map((target) => `${file.path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('the panel knows the server by the typed client alone', () => {
    const wrong = applications
      .filter(({ path }) => path.startsWith('dashboard/'))
      .flatMap((file) => localImports(file).map((target) => ({ path: file.path, target })))
      .filter(({ target }) => !target.startsWith('dashboard/') && target !== 'src/api/index.ts')
    expect(wrong).toEqual([])
  })

  test('no directory has an index.ts but entry points, and no file only passes on another', () => {
    const barrels = source
      .filter(({ path }) => !ENTRY_POINTS.includes(path))
      .filter(({ path, text }) => path.endsWith('/index.ts') || /^export \* from/m.test(text))
    expect(barrels.map(({ path }) => path)).toEqual([])
  })

  test('no file is called by what it is not', () => {
    expect(source.filter(({ path }) => /(^|\/)(utils?|helpers?|misc|common|shared)(\/|\.ts$)/.test(path))).toEqual([])
  })
})

describe('the process', () => {
  const touching = /\bprocess\.(env|exit|exitCode|argv|kill|abort|title|chdir|on|once|addListener)\b/

  test('only cli/ and supervisor/ read the environment, handle signals or exit', () => {
    const touches = source
      .filter(({ path }) => !path.startsWith('src/cli/') && !path.startsWith('src/supervisor/'))
      .filter(({ text }) => touching.test(codeOf(text)))
      .map(({ path }) => path)
    expect(touches.filter((path) => !(path in TOUCHES_PROCESS))).toEqual([])
  })

  test('every exception from that rule is still needed', () => {
    const needed = source.filter(({ text }) => touching.test(codeOf(text))).map(({ path }) => path)
    expect(Object.keys(TOUCHES_PROCESS).filter((path) => modules.has(path) && !needed.includes(path))).toEqual([])
  })
})

describe('size and words', () => {
  test(`no file of src is longer than ${LONGEST_FILE} lines`, () => {
    const long = source.filter(({ text }) => text.trimEnd().split('\n').length > LONGEST_FILE)
    expect(long.map(({ path }) => path).filter((path) => !(path in LONGER_FILES))).toEqual([])
  })

  test("names in src are of the glossary: none of the other queues' words", () => {
    const wrong = source.flatMap(({ path, text }) =>
      [...new Set([...identifiers(text), ...path.replace(/\.ts$/, '').split('/')])]
        .filter((name) => !(name in ALLOWED_IDENTIFIERS) && wordsOf(name).some(isForbidden))
        .map((name) => `${path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('every error code has its line in the manual, with the same words, and no other has', () => {
    const manual = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')
    const lines = [...manual.matchAll(/^\| `([A-Z_]+)` \| ([^|]+?) \|/gm)].map(([, code, meaning]) => [code, meaning])
    expect(Object.fromEntries(lines)).toEqual(ERROR_CODES)
  })
})

describe('the rules themselves', () => {
  test('find a forbidden import, a touched process and a forbidden word', () => {
    expect(mayImport('src/core/job.ts', 'src/store.ts')).toBe(false)
    expect(mayImport('src/stores/memory/store.ts', 'src/stores/sqlite/store.ts')).toBe(false)
    expect(mayImport('src/worker/worker.ts', 'src/stores/open.ts')).toBe(false)
    expect(mayImport('src/worker/heartbeat-thread.ts', 'src/stores/open.ts')).toBe(true)
    expect(mayImport('src/cli/main.ts', 'src/testing/index.ts')).toBe(false)
    expect(wordsOf('nextTaskId').some(isForbidden)).toBe(true)
    expect(wordsOf('MESSAGE_LIMIT').some(isForbidden)).toBe(true)
    expect(wordsOf('background').some(isForbidden)).toBe(false)
    expect(
      importsOf("import type { A } from './a.ts'\nexport { b } from './b.ts'\nconst c = await import('./c.ts')"),
    ).toEqual([
      { from: './a.ts', line: "import type { A } from './a.ts'" },
      { from: './b.ts', line: "export { b } from './b.ts'" },
      { from: './c.ts', line: "import('./c.ts')" },
    ])
  })
})

function files(pattern: string): SourceFile[] {
  const found = globSync(pattern, { cwd: root, exclude: (path) => /node_modules|dist/.test(String(path)) })
  return found
    .map((path) => path.split(sep).join('/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, imports: importsOf(text) }
    })
}

function importsOf(text: string): SourceFile['imports'] {
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/^import\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
    ...text.matchAll(/\bnew URL\(\s*['"](\.[^'"]+\.ts)['"],\s*import\.meta\.url/g),
  ]
  return found.map(([line, from]) => ({ from: from!, line: line! }))
}

function localImports(file: SourceFile): string[] {
  return file.imports.filter(({ from }) => from.startsWith('.')).map(({ from }) => targetOf(file.path, from))
}

function targetOf(path: string, from: string): string {
  return relative(root, join(root, dirname(path), from))
    .split(sep)
    .join('/')
}

function packageImports(file: SourceFile): string[] {
  return file.imports
    .filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
    .map(({ from }) => /^(?:@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from)
}

function rowOf(path: string) {
  return TABLE.find(({ at }) => (at.endsWith('/') ? path.startsWith(at) : path === at))
}

function mayImport(path: string, target: string): boolean {
  const [row, other] = [rowOf(path), rowOf(target)]
  if (row === undefined || other === undefined) return false
  if (row.part === other.part) return true
  if (row.imports === 'all') return !(row.except ?? []).includes(other.part)
  return row.imports.includes(other.part)
}

/** Each cycle once, as the files in it. `import type` is erased before anything runs, so it closes no cycle. */
function cycles(): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, above: string[]) => {
    if (above.includes(path)) {
      found.push([...above.slice(above.indexOf(path)), path].join(' → '))
      return
    }
    const file = modules.get(path)
    if (file === undefined || done.has(path)) return
    for (const { from, line } of file.imports) {
      if (from.startsWith('.') && !/^(import|export) type\b/.test(line) && !line.startsWith('new URL')) {
        visit(targetOf(path, from), [...above, path])
      }
    }
    done.add(path)
  }
  for (const { path } of source) visit(path, [])
  return found
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '')
}

/** The code alone: comments are taken out, and of strings and templates all but what is computed in them. */
function codeOf(text: string): string {
  return withoutComments(text)
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")
    .replace(/`(?:\\.|\$\{[^}]*\}|[^`\\$]|\$(?!\{))*`/g, (template) =>
      [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, computed]) => computed).join(' '),
    )
}

function identifiers(text: string): string[] {
  return codeOf(text).match(/[A-Za-z_$][\w$]*/g) ?? []
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z]+/)
    .map((word) => word.toLowerCase())
}

function isForbidden(word: string): boolean {
  return FORBIDDEN_WORDS.some(
    (forbidden) =>
      word === forbidden || word === `${forbidden}s` || word === `${forbidden}ed` || word === `${forbidden}er`,
  )
}
