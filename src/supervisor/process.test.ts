import { expect, test } from 'vitest'
import { nodeFlags } from './process.ts'

const YOUNG = ['--min-semi-space-size=8', '--max-semi-space-size=8']
const OLD = ['--initial-old-space-size=12', '--heap-growing-percent=20']

test.each([
  { given: 'nothing', own: [], environment: '', flags: [...YOUNG, ...OLD] },
  {
    given: 'flags about something else',
    own: ['--no-warnings', '--heap-prof'],
    environment: '',
    flags: [...YOUNG, ...OLD],
  },
  { given: 'a limit of the old generation', own: [], environment: '--max-old-space-size=4096', flags: YOUNG },
  { given: 'a young generation, spelt otherwise', own: ['--max_semi_space_size=64'], environment: '', flags: OLD },
])('a child process is given sizes of its generations but for those set: $given', ({ own, environment, flags }) => {
  expect(nodeFlags(own, environment)).toEqual([...own, ...flags])
})
