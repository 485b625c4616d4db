import { expect, test } from 'vitest'
import { visible } from './visible.ts'

test('what cannot be seen is written out, so that no text shows as another', () => {
  expect(visible('pay\u202Eexe.gpj')).toBe('pay\\u{202e}exe.gpj')
  expect(visible('a\u200Bb\u0000c\u001b[31m')).toBe('a\\u{200b}b\\u{0}c\\u{1b}[31m')
})

test('letters, lines and emoji stay as they are', () => {
  expect(visible('línea 1\n\tárbol 👍 <b>')).toBe('línea 1\n\tárbol 👍 <b>')
})
