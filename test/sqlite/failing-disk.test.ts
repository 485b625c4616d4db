import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { testFolder } from './support.ts'

const SCRIPT = fileURLToPath(new URL('./fixtures/filling.ts', import.meta.url))

test.skipIf(process.platform === 'win32')(
  'a disk that fails while a commit is written leaves the push in doubt, and what was acknowledged is there',
  async () => {
    await using folder = await testFolder()
    // Beyond so many blocks a write fails with an error that is not "disk full".
    const limited = ['-c', 'ulimit -f 2000; exec "$0" "$@"', process.execPath, SCRIPT, folder.file]
    const { stdout } = await promisify(execFile)('sh', limited)

    const told = JSON.parse(stdout) as { pushed: number; seen: number }
    expect(told).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      inDoubt: true,
      message: expect.stringMatching(/disk I\/O error; it is not known whether what was asked was stored/),
    })
    expect(told.pushed).toBeGreaterThan(3)
    expect(told.seen).toBe(told.pushed)
    const store = await folder.opened()
    expect((await store.list({}, { limit: 1_000 })).rows.length).toBeGreaterThanOrEqual(told.pushed)
  },
)
