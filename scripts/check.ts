/**
 * What every commit must pass: format and lint, types, fast tests. They run beside each other, since the tests wait now and then;
 * what the first two have to say is shown as soon as they fail. The closing line names what failed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const begun = performance.now()

/** A script of package.json. Its output is shown as it comes, or else, if it fails, at its end. */
async function passes(name: string, shown: boolean): Promise<boolean> {
  const child = spawn('npm', ['run', '-s', name], {
    stdio: ['ignore', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'],
    env: { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) },
    shell: process.platform === 'win32',
  })
  const said = Promise.all([child.stdout, child.stderr].map((stream) => stream && text(stream)))
  const [code] = await once(child, 'close')
  if (code !== 0 && !shown) console.error(`\n── ${name} failed\n${(await said).join('')}`)
  return code === 0
}

const STEPS = ['check:lint', 'check:types', 'test:fast']
const passed = await Promise.all(STEPS.map((name) => passes(name, name === 'test:fast')))
const failed = STEPS.filter((_, at) => !passed[at])
const seconds = Math.round((performance.now() - begun) / 1_000)
console.log(failed.length === 0 ? `All passed, after ${seconds} s` : `FAILED after ${seconds} s: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
