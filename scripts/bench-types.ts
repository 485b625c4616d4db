import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Checks the types of bench/ where the packages of the other queues are installed: they are none of this package's, and a
 * machine that has never run the bench lacks them. It says so there.
 */
const root = join(import.meta.dirname, '..')

if (!existsSync(join(root, 'bench', 'node_modules'))) {
  process.stdout.write('bench/ is not checked: the queues it compares are not installed (npm ci --prefix bench)\n')
} else {
  const build = join(root, '.faena', 'types', 'bench.json')
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '--incremental', '--tsBuildInfoFile', build, '-p', 'bench'], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
