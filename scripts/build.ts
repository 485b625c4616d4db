/** Builds `dist`: declarations, the modules of `src` in few files of JavaScript that one can read, and the dashboard. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'
import { buildDashboard, DASHBOARD_BUILD } from './dashboard.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

// A file deleted in src must not live on in a published package.
rmSync(dist, { recursive: true, force: true })
declare()
await bundle(root, dist)
// The one page that goes out as it stands.
cpSync(join(root, 'src/http/reference/page.html'), join(dist, 'http/reference/page.html'))
checkEntryPoints()
checkNothingForeign()
makeExecutable(join(dist, 'cli/main.js'))
const modules = globSync('**/*.js', { cwd: dist }).length
buildDashboard()
cpSync(DASHBOARD_BUILD, join(dist, 'dashboard'), { recursive: true })
console.log(`dist: ${modules} files of JavaScript and the dashboard`)

function declare() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
  } catch {
    stop('tsc found errors (above)')
  }
}

/** Every file that package.json promises to importers. */
function checkEntryPoints() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const promised = [...Object.values(manifest.bin), ...targets(manifest.exports)] as string[]
  const missing = promised.filter((path) => !existsSync(join(root, path)))
  if (missing.length > 0) stop(`package.json names files that the build did not make: ${missing.join(', ')}`)
}

function targets(exports: unknown): unknown[] {
  return typeof exports === 'object' && exports !== null ? Object.values(exports).flatMap(targets) : [exports]
}

function checkNothingForeign() {
  const foreign = globSync('**/*.{test,bench}.*', { cwd: dist })
  if (foreign.length > 0) stop(`dist holds test files: ${foreign.join(', ')}`)
}

function makeExecutable(file: string) {
  if (!readFileSync(file, 'utf8').startsWith('#!')) stop('src/cli/main.ts must begin with #!/usr/bin/env node')
  chmodSync(file, 0o755)
}

function stop(reason: string): never {
  console.error(`build: ${reason}`)
  process.exit(1)
}
