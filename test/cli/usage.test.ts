import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/cli/catalogue.ts'
import { inProcess, installation } from './support.ts'

describe('help', () => {
  test('faena --help names every command and the exit codes', async () => {
    const { code, stdout, stderr } = await inProcess(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const { name, summary } of CATALOGUE) expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary}$`, 'm'))
    expect(stdout).toContain('Exit codes: 0 done, 1 error, 2 bad usage or configuration')
  })

  test('faena without a command prints the same help', async () => {
    expect(await inProcess([])).toEqual(await inProcess(['--help']))
  })

  test.each(CATALOGUE.map(({ name }) => name))('faena %s --help shows options and examples', async (name) => {
    const { code, stdout } = await inProcess([name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`faena ${name}`)
    expect(stdout).toContain('Examples')
    expect(stdout).toContain('--config <path>')
  })

  test('faena --version prints the version alone', async () => {
    expect((await inProcess(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('wrong usage ends with exit code 2 and says what was meant', () => {
  const faults: [words: string[], says: string[]][] = [
    [['statsu'], ["unknown command 'statsu'", 'Did you mean status?']],
    [['queue:wrok'], ["unknown command 'queue:wrok'", 'Did you mean queue:work?']],
    [
      ['work', '--concurency', '5'],
      ["unknown option '--concurency'", 'Did you mean --concurrency?'],
    ],
    [
      ['work', '--tries', 'many'],
      ['--tries <number>', "'many' is invalid", 'a whole number from 0 to 65535'],
    ],
    [
      ['work', '--timeout', '5m'],
      ['--timeout <seconds>', 'Allowed: seconds'],
    ],
    [['work', 'database', 'orders'], ['too many arguments']],
    [['show'], ["missing required argument 'id'"]],
    [
      ['retry', '--range', '9-3'],
      ['--range <from-to>', 'two ids as in 1-5'],
    ],
    [
      ['runs', '--outcome', 'done'],
      ["'done' is invalid", 'completed'],
    ],
    [
      ['workers', 'kick'],
      ["'kick'", 'quiet, resume, stop, restart'],
    ],
    [
      ['schedules', 'start'],
      ["'start'", 'pause, resume, run, remove'],
    ],
    [['schedules', 'pause'], ["missing required argument 'key'"]],
  ]
  test.each(faults)('faena %s', async (words, says) => {
    const { code, stdout, stderr } = await inProcess(words)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    for (const text of says) expect(stderr).toContain(text)
    expect(stderr).not.toContain('    at ')
  })

  test('an argument that the code behind refuses is named the same way', async () => {
    const faena = installation()
    const { code, stderr } = await faena.call('show', 'abc')
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'faena: BAD_ARGUMENT: id is "abc"; allowed: a row id (a whole number from 1) or a uuid\n',
    })
  })
})

describe("Laravel's names", () => {
  test.each(CATALOGUE.flatMap(({ name, laravel = [] }) => laravel.map((spelling) => [spelling, name])))(
    'faena %s is faena %s',
    async (spelling, name) => {
      const help = await inProcess([spelling, '--help'])
      expect(help).toEqual(await inProcess([name, '--help']))
      expect(help.stdout).toContain(`faena ${spelling}`)
    },
  )

  test('the connection is taken where Laravel takes it, if it is the one that is configured', async () => {
    const faena = installation()
    expect((await faena.call('queue:clear', 'database', '--queue', 'a')).code).toBe(0)
    const { code, stderr } = await faena.call('queue:clear', 'redis', '--queue', 'a')
    expect(code).toBe(2)
    expect(stderr).toContain('connection is "redis"; allowed: database')
  })
})
