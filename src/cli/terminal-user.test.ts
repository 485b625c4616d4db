import { expect, test } from 'vitest'
import { terminalUser } from './terminal-user.ts'

test('where the system has no name for who asks, the audit says it was the command line', () => {
  expect(
    terminalUser(() => {
      throw new Error('uv_os_get_passwd returned ENOENT')
    }),
  ).toBe('cli')
})
