import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdAlone } from '../../src/stores/sqlite/safety.ts'
import { testFolder } from './support.ts'

const OLD = '3.50.4'

/** Tries to hold the file from another process; it says `held`, then waits to be ended, or the code of its error. */
async function another(path: string) {
  const module = new URL('../../src/stores/sqlite/safety.ts', import.meta.url).href
  const source = `
    import { holdAlone } from ${JSON.stringify(module)}
    try { holdAlone(${JSON.stringify(path)}, ${JSON.stringify(OLD)}); console.log('held'); process.stdin.resume() }
    catch (error) { console.log(error.code) }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    said: said.toString().trim(),
    async kill() {
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
    },
  }
}

test('with an old SQLite a second process is refused for as long as the first lives, by whatever name it knows the file', async () => {
  await using folder = await testFolder()
  writeFileSync(folder.file, '')
  const link = join(folder.path, 'link.db')
  symlinkSync(folder.file, link)

  const first = await another(folder.file)
  expect(first.said).toBe('held')
  expect(() => holdAlone(folder.file, OLD)).toThrow(expect.objectContaining({ code: 'STORE_UNSAFE' }))
  expect(() => holdAlone(link, OLD)).toThrow(expect.objectContaining({ code: 'STORE_UNSAFE' }))
  await first.kill()

  holdAlone(link, OLD)()
})

test('one process may hold a file several times, and lets it go with the last', async () => {
  await using folder = await testFolder()
  const [one, two] = [holdAlone(folder.file, OLD), holdAlone(folder.file, OLD)]
  one()
  one()

  const refused = await another(folder.file)
  two()
  const held = await another(folder.file)

  expect([refused.said, held.said]).toEqual(['STORE_UNSAFE', 'held'])
  await held.kill()
})
