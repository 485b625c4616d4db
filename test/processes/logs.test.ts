import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/index.ts'
import { installation } from '../cli/support.ts'
import { sync } from './fixtures/orders/jobs.ts'

const CONFIG = fileURLToPath(new URL('./fixtures/orders/faena.config.ts', import.meta.url))

async function worked(env: NodeJS.ProcessEnv, workers = 1) {
  const faena = installation(env)
  const queue = createQueue({ store: await faena.store() })
  const orders = [803193, ...Array.from({ length: 40 }, (_, at) => 900_000 + at), 803196]
  await queue.dispatchMany(
    sync,
    orders.map((orderId) => ({ orderId, tienda_id: 12097 })),
  )
  await queue.close()
  const words = ['work', '--config', CONFIG, '--stop-when-empty', '--concurrency', '2']
  const answers = await Promise.all(Array.from({ length: workers }, () => faena.faena(...words)))
  return { faena, answers, orders }
}

const parsed = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test("two workers write one file a day, in which a search for two orders finds both orders' stories", async () => {
  const { faena, orders } = await worked({ FAENA_LOG_FOLDER: 'logs', FAENA_LOG_FORMAT: 'pretty' }, 2)
  const [name, ...others] = readdirSync(join(faena.folder, 'logs'))
  expect(others).toEqual([])
  expect(name).toMatch(/^faena-\d{4}-\d\d-\d\d\.log$/)
  const path = join(faena.folder, 'logs', name!)
  const found = parsed(execFileSync('grep', ['803193\\|803196', path], { encoding: 'utf8' }))
  // Each process writes its lines in order; two attempts may be two processes'.
  const story = (order: number) =>
    found
      .filter(({ fields }) => fields.order_id === order)
      .map(({ event, attempt }) => ({ event, attempt }))
      .sort((one, other) => one.attempt - other.attempt)
      .map(({ event, attempt }) => `${attempt} ${event}`)
  expect(story(803193)).toEqual(['1 logged', '1 retrying', '2 logged', '2 failed'])
  expect(story(803196)).toEqual(['1 logged', '1 completed'])
  expect(found.length).toBe(6)
  expect(found.find(({ event }) => event === 'failed')).toMatchObject({
    ...{ job: 'orders.sync', queue: 'netsuite', ms: expect.any(Number), fields: { tienda_id: 12097 } },
    ...{ uuid: expect.any(String), id: expect.any(Number), worker: 'default', time: expect.any(String) },
  })
  const all = parsed(readFileSync(path, 'utf8'))
  expect(all.filter(({ event }) => event === 'completed').length).toBe(orders.length - 1)
  expect(
    all
      .map(({ event }) => event)
      .filter((event) => ['begins', 'ends'].includes(event))
      .sort(),
  ).toEqual([...['begins', 'begins', 'ends', 'ends']])
  expect(readFileSync(path, 'utf8')).not.toContain('hunter22')
})

test('where nobody looks on, standard output is a line of JSON per event and nothing else', async () => {
  const { answers } = await worked({ FAENA_LOG_FORMAT: '', FAENA_LOG_LEVEL: 'debug' })
  const lines = parsed(answers[0]!.stdout)
  const of = (order: number) => lines.filter(({ fields }) => fields?.order_id === order).map(({ event }) => event)
  expect(of(803196)).toEqual(['started', 'logged', 'completed'])
  expect(lines[0]).toMatchObject({ event: 'begins', queues: ['default', 'netsuite'], concurrency: 2, level: 'info' })
  expect(lines.at(-1)).toMatchObject({ event: 'ends', reason: 'empty' })
})

test('onError is told of every attempt that failed, and may fail itself', async () => {
  const { faena, answers } = await worked({ FAENA_LOG_FORMAT: '', FAENA_LOG_LEVEL: 'error' })
  const told = parsed(readFileSync(join(faena.folder, 'errors.ndjson'), 'utf8'))
  const one = { source: 'job', text: 'MySQL server has gone away', fields: { order_id: 803193, tienda_id: 12097 } }
  expect(told).toEqual([
    { ...one, final: false },
    { ...one, final: true },
  ])
  const lines = parsed(answers[0]!.stdout)
  expect(lines.filter(({ msg }) => msg.includes('onError of the configuration threw')).length).toBe(2)
  expect(lines.filter(({ event }) => event === 'failed').length).toBe(1)
  expect(answers[0]!.code).toBe(0)
})
