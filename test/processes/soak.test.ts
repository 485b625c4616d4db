import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Report } from '../../scripts/soak/report.ts'

const SOAK = fileURLToPath(new URL('../../scripts/soak.ts', import.meta.url))

/** `npm run soak` takes ten minutes; what can be seen of it in a third of one is everything but whether memory is flat. */
test.skipIf(process.platform !== 'linux')('a short soak ends with a whole ledger, and leaves nothing behind', () => {
  const flags = ['--minutes=0.3', '--rate=150', '--store=sqlite', '--quiet', '--json']
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', SOAK, ...flags],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  const { ledger, broken, troubles, restless } = JSON.parse(stdout) as Report
  expect([status, broken]).toEqual([0, []])
  expect(ledger.dispatched).toBe(ledger.ended + ledger.failed)
  expect(ledger.failed).toBe(Math.floor(ledger.dispatched / 400))
  expect(ledger.dispatched).toBeGreaterThan(0.9 * 18 * 150)
  expect([troubles, restless.processes > 2]).toEqual([1, true])
})
