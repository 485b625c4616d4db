import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFIG, installation } from './support.ts'

/** In processes of their own, since they depend on the folder they run in. */
describe('faena config', () => {
  test('begins with the line that scripts look for', async () => {
    const { code, stdout } = await installation().faena('config')
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: 'Queue Connection: database' })
  })

  test('says where each setting comes from: default, environment, .env, faena.config.ts', async () => {
    const faena = installation({ FAENA_LEASE: '45s' })
    writeFileSync(join(faena.folder, '.env'), 'FAENA_TIMEZONE=America/Bogota\nFAENA_LEASE=10s\n')
    writeFileSync(join(faena.folder, 'faena.config.mjs'), 'export default { concurrency: 7, timezone: "UTC" }\n')

    const { stdout } = await faena.faena('config', '--json')

    const { connection, settings } = JSON.parse(stdout)
    expect(connection).toBe('database')
    expect(settings.leaseMs).toEqual({ value: 45_000, source: 'FAENA_LEASE' })
    expect(settings.timezone).toEqual({ value: 'America/Bogota', source: 'FAENA_TIMEZONE (.env)' })
    expect(settings.concurrency).toEqual({ value: 7, source: 'faena.config.ts' })
    expect(settings.tries).toEqual({ value: 3, source: 'default' })
  })

  test('shows no secret and no password', async () => {
    const secret = 'a-secret-of-more-than-thirty-two-bytes'
    const faena = installation({ FAENA_JWT_SECRET: secret, DATABASE_URL: 'postgres://app:hunter2@db.example/app' })
    for (const words of [['config'], ['config', '--json']]) {
      const { code, stdout } = await faena.faena(...words)
      expect(code).toBe(0)
      expect(stdout).toContain('postgres://app:***@db.example/app')
      expect(stdout).not.toContain(secret)
      expect(stdout).not.toContain('hunter2')
    }
  })

  test('tells of a variable that nobody reads', async () => {
    const { stdout } = await installation({ FAENA_LAESE: '10s' }).faena('config')
    expect(stdout).toContain('FAENA_LAESE is not a setting')
  })
})

describe('a broken configuration stops every command with exit code 2 and the reason', () => {
  const broken: [what: string, text: string, says: string][] = [
    ['a syntax error', 'export default {', 'faena.config.mjs could not be loaded: SyntaxError'],
    ['no default export', 'export const config = {}', 'faena.config.mjs has no default export'],
    [
      'a value that is not allowed',
      'export default { concurrency: 0 }',
      'concurrency of faena.config.ts is 0; allowed:',
    ],
    ['a setting that does not exist', 'export default { qeues: "a" }', 'is "qeues"; allowed: url, connection'],
    [
      'an import that fails',
      'import "./absent.js"\nexport default {}',
      'faena.config.mjs could not be loaded: Error: Cannot find',
    ],
  ]
  test.each(broken)('%s', async (_what, text, says) => {
    const faena = installation()
    writeFileSync(join(faena.folder, 'faena.config.mjs'), text)
    const { code, stdout, stderr } = await faena.faena('status')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^faena: BAD_CONFIGURATION: .+\n$/)
    expect(stderr).toContain(says)
  })

  test('a worker too, once, and is not started again and again', async () => {
    const faena = installation()
    writeFileSync(join(faena.folder, 'faena.config.mjs'), 'export default { concurrency: 0 }')
    const { code, stderr } = await faena.faena('work')
    expect(code).toBe(2)
    expect(stderr.match(/BAD_CONFIGURATION/g)).toHaveLength(1)
  })

  test('--config names a file that is not there', async () => {
    const { code, stderr } = await installation().faena('status', '--config', 'absent.ts')
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'faena: BAD_CONFIGURATION: --config is absent.ts; there is no such file\n',
    })
  })

  test('a database that this version cannot open', async () => {
    const { code, stderr } = await installation({ DATABASE_URL: 'oracle://db' }).faena('status')
    expect(code).toBe(2)
    expect(stderr).toContain('DATABASE_URL is "oracle://db"; allowed: sqlite:PATH')
  })

  test('a worker without handlers is told where they go', async () => {
    const { code, stderr } = await installation().faena('work')
    expect(code).toBe(2)
    expect(stderr).toContain(
      "A worker needs handlers, and there is no faena.config.ts here; name their files: handlers: ['handlers.ts']",
    )
  })

  test('handlers that match no file, or do not load, are named', async () => {
    const faena = installation()
    writeFileSync(join(faena.folder, 'faena.config.mjs'), "export default { handlers: ['work/*.ts'] }")
    expect((await faena.faena('work')).stderr).toContain('handlers names "work/*.ts"; no file in')
    writeFileSync(join(faena.folder, 'faena.config.mjs'), "export default { handlers: ['broken.mjs'] }")
    writeFileSync(join(faena.folder, 'broken.mjs'), "throw new Error('no such host')")
    const { code, stderr } = await faena.faena('work')
    expect(code).toBe(2)
    expect(stderr).toContain('broken.mjs, which handlers names, could not be loaded: Error: no such host')
  })
})

test('with the sync connection nothing is stored, and commands say so', async () => {
  const faena = installation({ QUEUE_CONNECTION: 'sync' })
  for (const words of [['status'], ['work', '--config', CONFIG]]) {
    const { code, stderr } = await faena.faena(...words)
    expect(code).toBe(1)
    expect(stderr).toContain('QUEUE_CONNECTION is sync')
  }
  expect((await faena.faena('config')).stdout.split('\n')[0]).toBe('Queue Connection: sync')
})
