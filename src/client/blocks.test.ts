import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { NewJob } from '../store.ts'
import { Blocks } from './blocks.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('of lists that were stored nothing is kept, however many follow', async () => {
  const answers: WeakRef<object>[] = []
  const blocks = new Blocks(
    {
      async push(jobs) {
        const pushed = jobs.map(({ uuid }) => ({ outcome: 'dispatched' as const, uuid, id: answers.length }))
        answers.push(new WeakRef(pushed))
        return pushed
      },
    },
    5_000,
  )

  for (let at = 0; at < 20; at++) await blocks.push([{ uuid: String(at), payload: '{}' } as NewJob], true)
  await turn()
  collect()

  // The last one may still be within reach of the call that has just ended.
  expect(answers.slice(0, -1).filter((answer) => answer.deref() !== undefined)).toHaveLength(0)
  await blocks.close()
})
