import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { pauseAfter } from '../../src/supervisor/backoff.ts'

const PARENT = fileURLToPath(new URL('../cli/fixtures/parent.ts', import.meta.url))

/** A parent with a child that lives as described, one life per process; `when` answers what is printed with a signal. */
async function run(lives: string[], when: [printed: string, signal: NodeJS.Signals][] = [], restartAfter?: number) {
  const words = [PARENT, lives.join(','), ...(restartAfter === undefined ? [] : [String(restartAfter)])]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  const answers = [...when]
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk
    const [next] = answers
    if (next && printed.includes(next[0])) {
      answers.shift()
      child.kill(next[1])
    }
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    code,
    lines: printed
      .trim()
      .split('\n')
      .map((line) => line.replace(/process \d+/, 'process')),
  }
}

test('a child that fails before it is ready ends the parent with its code', async () => {
  expect(await run(['fail at start'])).toEqual({ code: 2, lines: ['child 0 replaces null'] })
})

test('a child that ends with code 0 has done what it was asked to', async () => {
  expect(await run(['exit 0'])).toEqual({ code: 0, lines: ['child 0 replaces null'] })
})

test('a child that crashed starts anew after a pause and is told which worker it stands in for', async () => {
  expect(await run(['crash', 'exit 0'])).toEqual({
    code: 0,
    lines: [
      'child 0 replaces null',
      'Child (process) was killed by SIGKILL; starting it anew in 1s',
      'child 1 replaces 100',
    ],
  })
})

test('once a child was ready, one that fails at its start is tried again', async () => {
  const { code, lines } = await run(['exit 75', 'fail at start', 'exit 0'])
  expect(code).toBe(0)
  expect(lines).toContain('Child (process) ended with exit code 2; starting it anew in 1s')
  expect(lines.at(-1)).toBe('child 2 replaces 100')
})

test('a restart that was asked for comes without a pause', async () => {
  const { code, lines } = await run(['exit 75', 'exit 75', 'exit 0'])
  expect(code).toBe(0)
  expect(lines.filter((line) => line.endsWith('ended as faena restart asked; starting it anew'))).toHaveLength(2)
})

test('the memory limit ends the command if a flag gave it, and else starts the child anew', async () => {
  expect((await run(['exit 12'])).code).toBe(12)
  expect((await run(['exit 12', 'exit 0'], [], 12)).lines).toContain('child 1 replaces 100')
})

test('a signal is passed on: quiet, resume, stop', async () => {
  const { code, lines } = await run(
    ['run'],
    [
      ['replaces null', 'SIGUSR2'],
      ['told quiet', 'SIGCONT'],
      ['told resume', 'SIGTERM'],
    ],
  )
  expect(code).toBe(0)
  // A child that was not ready yet is told quiet once more when it is.
  expect([...new Set(lines)]).toEqual(['child 0 replaces null', 'child 0 was told quiet', 'child 0 was told resume'])
})

test('a child that does not stop within its grace is killed, and not started anew', async () => {
  expect(await run(['ignore stop'], [['replaces null', 'SIGTERM']])).toEqual({
    code: 1,
    lines: ['child 0 replaces null', 'child 0 was told stop'],
  })
})

test('a stop while the parent waits before the next start ends it at once', async () => {
  const { code, lines } = await run(['crash', 'exit 0'], [['starting it anew in', 'SIGINT']])
  expect({ code, last: lines.at(-1) }).toEqual({
    code: 0,
    last: 'Child (process) was killed by SIGKILL; starting it anew in 1s',
  })
})

test('the pause doubles with each quick death, up to half a minute', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 60].map((deaths) => pauseAfter(deaths))).toEqual([
    0, 1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3,
  ])
})
