import { expect, test } from 'vitest'
import { installation } from './support.ts'

test('a job of the configuration is dispatched with its definition, and --json answers uuid and id', async () => {
  const faena = installation()
  const pushed = (await faena.json('dispatch', 'demo.quick', '{"order_id": 7}')) as Record<string, unknown>
  expect(pushed).toEqual({ outcome: 'dispatched', uuid: expect.stringMatching(/^[0-9a-f-]{36}$/), id: 1 })
  const store = await faena.store()
  expect(await store.get(String(pushed.uuid))).toMatchObject({
    id: 1,
    queue: 'demo',
    name: 'demo.quick',
    status: 'due',
  })
})

test('queue, delay, priority, tags, tries and unique are the options of queue.dispatch', async () => {
  const faena = installation()
  const words = [
    '--queue',
    'slow',
    '--delay',
    '1h',
    '--priority',
    '-5',
    '--tags',
    'a,b',
    '--tries',
    '9',
    '--unique',
    'k',
  ]
  await faena.json('dispatch', 'demo.quick', '{}', ...words)
  const again = await faena.json('dispatch', 'demo.quick', '{}', ...words)

  const store = await faena.store()
  const job = (await store.get(1))!
  expect(job).toMatchObject({ queue: 'slow', priority: -5, maxAttempts: 9, status: 'delayed' })
  expect(job.availableAt - job.createdAt).toBeGreaterThanOrEqual(3_600_000)
  expect(JSON.parse(job.payload).faena).toMatchObject({ tags: ['a', 'b'], unique: { key: 'demo.quick:k' } })
  expect(again).toMatchObject({ outcome: 'skipped', id: 1 })
})

test('input that does not fit the schema is refused with exit code 2, and nothing is stored', async () => {
  const faena = installation()
  const wrong = await faena.call('dispatch', 'demo.quick', '{"order_id": "x"}')
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/^faena: INVALID_INPUT: Input of job demo.quick is not valid: order_id: /)
  const broken = await faena.call('dispatch', 'demo.quick', '{')
  expect(broken.code).toBe(2)
  expect(broken.stderr).toContain('faena: INVALID_INPUT: input is "{"; allowed: JSON')
  expect(await (await faena.store()).counts()).toEqual([])
})

test('an unknown name is refused with the known ones, unless --unchecked', async () => {
  const faena = installation()
  const refused = await faena.call('dispatch', 'demo.quikc')
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain(
    'UNKNOWN_JOB: No job has the name "demo.quikc"; the configuration lists demo.failing, ',
  )
  expect(refused.stderr).toContain('demo.quick')
  expect((await faena.call('dispatch', 'other.app', '[1]', '--unchecked')).code).toBe(0)
  expect(await (await faena.store()).get(1)).toMatchObject({ name: 'other.app', queue: 'default' })
})
