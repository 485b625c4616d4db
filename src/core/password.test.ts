import { expect, test } from 'vitest'
import { hashPassword, isPassword } from './password.ts'

test('a hash knows its password and no other, and is another one each time', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')])

  expect(one).not.toBe(two)
  expect(one).toMatch(/^scrypt\$65536\$8\$1\$/)
  expect(await isPassword('correct horse', one)).toBe(true)
  expect(await isPassword('correct horsE', one)).toBe(false)
})

test('the same letters typed on another keyboard are the same password', async () => {
  expect(await isPassword('n\u0303andu\u0301', await hashPassword('\u00f1and\u00fa'))).toBe(true)
})

test.each([
  '',
  'plain',
  'scrypt$1$2$3$x$y',
  'scrypt$1048576$32$16$c2FsdA$a2V5a2V5a2V5a2V5',
  'bcrypt$65536$8$1$a$b',
  'scrypt$65536$8$1$$',
])('what is no hash of ours fits no password: %s', async (hash) => {
  expect(await isPassword('', hash)).toBe(false)
})
