import { expect, test } from 'vitest'
import { nodeFlags } from './process.ts'

const YOUNG = ['--min-semi-space-size=8', '--max-semi-space-size=8']
const OLD = ['--initial-old-space-size=12', '--heap-growing-percent=20']
const BIRTH = ['--no-allocation-site-pretenuring']

test.each([
  { given: 'nothing', own: [], environment: '', flags: [...YOUNG, ...OLD, ...BIRTH] },
  {
    given: 'flags about something else',
    own: ['--no-warnings', '--heap-prof'],
    environment: '',
    flags: [...YOUNG, ...OLD, ...BIRTH],
  },
  {
    given: 'a limit of the old generation',
    own: [],
    environment: '--max-old-space-size=4096',
    flags: [...YOUNG, ...BIRTH],
  },
  {
    given: 'a young generation, spelt otherwise',
    own: ['--max_semi_space_size=64'],
    environment: '',
    flags: [...OLD, ...BIRTH],
  },
  { given: 'where objects begin', own: ['--allocation-site-pretenuring'], environment: '', flags: [...YOUNG, ...OLD] },
])(
  'a child process is given what its memory is made of, but for what is set: $given',
  ({ own, environment, flags }) => {
    expect(nodeFlags(own, environment)).toEqual([...own, ...flags])
  },
)
