import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { wallClock } from '../core/wallclock.ts'
import { DailyFile, type DailyFileOptions } from './daily-file.ts'

const NOON = Date.parse('2026-11-22T12:00:00Z')

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'faena-logs-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function fileIn(path: string, more: Partial<DailyFileOptions> = {}) {
  const troubles: unknown[] = []
  const file = new DailyFile({
    ...{ folder: path, keepDays: 3, clock: wallClock('America/Lima'), now: () => NOON },
    onTrouble: (error) => troubles.push(error),
    ...more,
  })
  return { file, troubles }
}

const linesOf = (path: string, name: string) => readFileSync(join(path, name), 'utf8').trimEnd().split('\n')

test('a day of the configured zone has a file of its own, which its owner writes and his group reads', async () => {
  const path = join(folder(), 'logs')
  let now = Date.parse('2026-11-23T04:59:59Z')
  const { file } = fileIn(path, { now: () => now })
  file.write('before midnight in Lima\n')
  await file.end()
  now += 1_000
  file.write('after it\n')
  await file.end()
  expect(linesOf(path, 'faena-2026-11-22.log')).toEqual(['before midnight in Lima'])
  expect(linesOf(path, 'faena-2026-11-23.log')).toEqual(['after it'])
  expect(statSync(join(path, 'faena-2026-11-22.log')).mode & 0o777 & ~0o640).toBe(0)
})

test('files past their time go when a new one begins, and no other file does', async () => {
  const path = folder()
  for (const name of ['faena-2026-11-19.log', 'faena-2026-11-20.log', 'faena-2026-11-21.log', 'other-2020-01-01.log']) {
    writeFileSync(join(path, name), '')
  }
  const { file } = fileIn(path)
  file.write('today\n')
  await file.end()
  expect(readdirSync(path).sort()).toEqual([
    ...['faena-2026-11-20.log', 'faena-2026-11-21.log', 'faena-2026-11-22.log', 'other-2020-01-01.log'],
  ])
})

test('processes that write at once mix no lines and lose none', async () => {
  const path = folder()
  const module = new URL('./daily-file.ts', import.meta.url).href
  const clock = new URL('../core/wallclock.ts', import.meta.url).href
  const code = `
    import { DailyFile } from '${module}'
    import { wallClock } from '${clock}'
    const [name] = process.argv.slice(1)
    const file = new DailyFile({ folder: ${JSON.stringify(path)}, keepDays: 0, clock: wallClock('UTC'), onTrouble(error) { throw error } })
    for (let at = 0; at < 5000; at++) {
      file.write(name + ' ' + at + ' ' + 'x'.repeat(at % 300) + '\\n')
      if (at % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await file.end()`
  const run = promisify(execFile)
  await Promise.all(['a', 'b', 'c'].map((name) => run(process.execPath, ['--input-type=module', '-e', code, name])))
  const [name] = readdirSync(path)
  const lines = linesOf(path, name!)
  for (const writer of ['a', 'b', 'c']) {
    const own = lines.filter((line) => line.startsWith(`${writer} `))
    const expected = Array.from({ length: 5_000 }, (_, at) => `${writer} ${at} ${'x'.repeat(at % 300)}`)
    expect(own).toEqual(expected)
  }
  expect(lines.length).toBe(15_000)
})

test('a file that somebody moved away is followed by a new one', async () => {
  const path = folder()
  let now = NOON
  const { file } = fileIn(path, { now: () => now })
  const name = join(path, 'faena-2026-11-22.log')
  const isWritten = async (text: string) => {
    await expect.poll(() => existsSync(name) && readFileSync(name, 'utf8').includes(text)).toBe(true)
  }
  file.write('first\n')
  await isWritten('first')
  renameSync(name, join(path, 'moved.log'))
  now += 10_000
  file.write('second\n')
  await isWritten('second')
  await file.end()
  expect(linesOf(path, 'moved.log')).toEqual(['first'])
  expect(linesOf(path, 'faena-2026-11-22.log')).toEqual(['second'])
})

test('where nothing can be written lines wait, the oldest go when there are too many, and the file says so later', async () => {
  const path = join(folder(), 'logs')
  writeFileSync(path, 'a file where the folder should be')
  const { file, troubles } = fileIn(path)
  file.write('the first\n')
  await expect.poll(() => troubles.length).toBe(1)
  for (let at = 0; at < 5; at++) file.write(`${at} ${'x'.repeat(1_024 * 1_024)}\n`)
  rmSync(path)
  mkdirSync(path)
  file.write('the last\n')
  await file.end()
  const lines = linesOf(path, 'faena-2026-11-22.log')
  expect(JSON.parse(lines[0]!)).toMatchObject({ event: 'lost', msg: '3 lines could not be written here' })
  expect(lines.slice(1).map((line) => line.slice(0, 8))).toEqual(['2 xxxxxx', '3 xxxxxx', '4 xxxxxx', 'the last'])
  expect(troubles.length).toBe(1)
})

test('a process that ends without a word leaves what it had gathered', () => {
  const path = folder()
  const { file } = fileIn(path)
  file.write('its last\n')
  file.endNow()
  expect(linesOf(path, 'faena-2026-11-22.log')).toEqual(['its last'])
})
