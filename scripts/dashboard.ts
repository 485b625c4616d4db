/**
 * Builds the dashboard into `dashboard/dist`, with compressed forms beside each file. `--if-needed` does so only when there is
 * no build or a source is newer, and says so.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const panel = join(root, 'dashboard')
export const DASHBOARD_BUILD = join(panel, 'dist')

/** Below this, a compressed form saves nothing. */
const SMALLEST = 1_024

/** Whether there is no build, or one that is older than what it is made from. */
export function dashboardIsStale(): boolean {
  const built = join(DASHBOARD_BUILD, 'index.html')
  if (!existsSync(built)) return true
  const sources = globSync(['dashboard/{src,public}/**/*.*', 'dashboard/*.{html,json,ts}', 'src/api/*.ts'], {
    cwd: root,
  })
  const newest = Math.max(...sources.map((path) => statSync(join(root, path)).mtimeMs))
  return newest > statSync(built).mtimeMs
}

/** The new build takes the place of the old one as a whole, so that a server that starts meanwhile reads one of the two. */
export function buildDashboard(): void {
  const draft = join(panel, `dist.${process.pid}`)
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  try {
    execFileSync(process.execPath, [vite, 'build', '--outDir', draft, '--emptyOutDir', '--logLevel', 'warn'], {
      cwd: panel,
      // Tests say NODE_ENV=test, by which React would be built with its checks for development.
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    for (const name of globSync('**/*.{js,css,svg,json,txt}', { cwd: draft })) compress(join(draft, name))
    takePlace(draft)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function takePlace(draft: string): void {
  const old = `${draft}.old`
  try {
    if (existsSync(DASHBOARD_BUILD)) renameSync(DASHBOARD_BUILD, old)
    renameSync(draft, DASHBOARD_BUILD)
  } catch (error) {
    // Somebody else built the same sources at the same time, and was faster: that build stands.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(old, { recursive: true, force: true })
  }
}

function compress(file: string): void {
  const plain = readFileSync(file)
  if (plain.length < SMALLEST) return
  writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }))
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
  writeFileSync(`${file}.br`, brotliCompressSync(plain, { params }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const onlyIfNeeded = process.argv.includes('--if-needed')
  if (!onlyIfNeeded || dashboardIsStale()) {
    if (onlyIfNeeded)
      console.log('Building the dashboard first, since there is no build of these sources yet (some seconds)')
    buildDashboard()
  }
}
