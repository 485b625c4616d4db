import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Streams } from '../../src/cli/output.ts'
import { run } from '../../src/cli/program.ts'
import { createAdmin } from '../../src/client/admin.ts'
import { CONFIG, type Installation, installation } from './support.ts'

/** `faena users add`, with the password piped in. */
async function add(
  faena: Installation,
  password: string,
  ...words: string[]
): Promise<{ code: number; printed: string }> {
  const stdin = new PassThrough()
  stdin.end(`${password}\n`)
  let printed = ''
  const sink = new PassThrough()
  sink.on('data', (chunk) => {
    printed += chunk
  })
  const streams = { stdout: sink, stderr: sink, stdin, env: faena.env } as unknown as Streams
  const code = await run(['users', 'add', ...words, '--config', CONFIG], streams)
  return { code, printed }
}

test('a user is made with a piped password, logs in, is listed and removed', async () => {
  const faena = installation()
  const made = await add(faena, 'correct horse battery', 'ana', '--role', 'operator')
  const { accounts } = createAdmin({ store: await faena.store() })

  expect(made).toMatchObject({ code: 0, printed: expect.stringContaining('User ana may log in as operator.') })
  expect(made.printed).not.toContain('horse')
  expect(await accounts.login('ana', 'correct horse battery')).toMatchObject({ name: 'ana', role: 'operator' })
  expect(await faena.json('users', 'list')).toMatchObject({ users: [{ name: 'ana', role: 'operator' }] })
  expect((await faena.call('users', 'list')).stdout).toMatch(/NAME +ROLE +SINCE\n +ana +operator +\d{4}-/)
  expect((await faena.call('users', 'remove', 'ana')).code).toBe(0)
  expect(await accounts.login('ana', 'correct horse battery')).toBeUndefined()
  expect((await faena.call('users', 'remove', 'ana')).code).toBe(3)
})

test.each([
  [['ana', '--role', 'boss'], 'correct horse battery', 'role is "boss"; allowed: viewer, operator, admin'],
  [['a b'], 'correct horse battery', 'name is "a b"; allowed: letters, digits'],
  [['ana'], 'short', 'password has 5 characters; allowed: 10 to 1000 characters'],
  [[], 'correct horse battery', 'faena users add <name>'],
])('users add %j says what is not allowed', async (words, password, text) => {
  const { code, printed } = await add(installation(), password, ...words)

  expect(code).toBe(2)
  expect(printed).toContain(text)
})
