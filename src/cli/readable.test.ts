import { expect, test } from 'vitest'
import { wallClock } from '../core/wallclock.ts'
import type { Streams } from './output.ts'
import { readable } from './readable.ts'

test('nothing that an error holds reaches the terminal as more than text, and its stack keeps its lines', () => {
  let printed = ''
  const stdout = { isTTY: false, write: (text: string) => (printed += text) } as unknown as Streams['stdout']
  const stack = 'Error: \u001b]0;mine\u0007\n    at handler (jobs.ts:1:1)'
  const line = { level: 'error', time: '2026-11-22T12:00:00.000Z', msg: 'GET /\u001b[2J 500', ms: 3, err: { stack } }

  readable({ stdout, env: {} }, wallClock('UTC')).write(JSON.stringify(line))

  expect(printed).toBe('2026-11-22 12:00:00 GET / [2J 500 3ms\nError: ]0;mine\n    at handler (jobs.ts:1:1)\n')
})
