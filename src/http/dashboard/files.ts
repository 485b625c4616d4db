import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FaenaError } from '../../core/errors.ts'
import { isBuilt, ownFile } from '../../core/own-file.ts'

/** One file of the built dashboard, as it is sent. */
export interface BuiltFile {
  type: string
  /** Its name changes with its content, so a browser may keep it for ever. */
  immutable: boolean
  etag: string
  plain: Buffer
  brotli: Buffer | undefined
  gzip: Buffer | undefined
}

export interface BuiltDashboard {
  /** index.html, in which addresses of files begin with `./`. */
  page: string
  /** By path below the mount, such as `assets/index-4f1c.js`. What is not in here cannot be asked for. */
  files: ReadonlyMap<string, BuiltFile>
}

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** Where the dashboard lies: beside this code in the package, in `dashboard/dist` in a checkout. Undefined where it was never built. */
export function dashboardFolder(): string | undefined {
  const folder = fileURLToPath(ownFile(isBuilt ? 'dashboard/' : '../dashboard/dist/'))
  return existsSync(join(folder, 'index.html')) ? folder : undefined
}

/**
 * Reads all of it into memory (it is under 2 MB), once. A request then looks a name up in a map and never touches the file
 * system, so no spelling of a path leads anywhere else.
 */
export function readDashboard(folder: string): BuiltDashboard {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `There is no dashboard in ${folder}; in a checkout \`npm run build:dashboard\` builds it`,
    )
  }
  const names = globSync('**/*.*', { cwd: folder }).map((name) => name.split(sep).join('/'))
  const files = new Map<string, BuiltFile>()
  for (const name of names) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const bytes = (suffix: string) =>
      names.includes(name + suffix) ? readFileSync(join(folder, name + suffix)) : undefined
    const plain = readFileSync(join(folder, name))
    files.set(name, {
      type,
      immutable: name.startsWith('assets/'),
      etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
      plain,
      brotli: bytes('.br'),
      gzip: bytes('.gz'),
    })
  }
  return { page: readFileSync(join(folder, 'index.html'), 'utf8'), files }
}
