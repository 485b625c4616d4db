import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openQueue } from '../../src/connect.ts'
import { handle } from '../../src/core/handler.ts'
import { settingsFrom } from '../../src/core/settings.ts'
import { fetchCase } from './jobs.ts'

const fetching = handle(fetchCase, ({ input }) => ({ pages: input.caseId * 2 }))

test('a queue is opened from the environment, on a file that is made and migrated, and closed with its store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'faena-'))
  const settings = settingsFrom({ DATABASE_URL: `sqlite:${join(folder, 'deep/faena.db')}` })

  const queue = await openQueue(settings)
  const { uuid } = await queue.dispatch(fetchCase, { caseId: 1 })
  await queue.close()
  const again = await openQueue(settings)

  expect(await again.cancel(uuid)).toBe(true)
  await again.close()
  await expect(again.cancel(uuid)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  await rm(folder, { recursive: true })
})

test('QUEUE_CONNECTION=sync runs jobs with the handlers that are loaded for it', async () => {
  const settings = settingsFrom({ QUEUE_CONNECTION: 'sync' })
  const queue = await openQueue({ ...settings, handlers: async () => ({ fetching, other: 'export' }) })

  const dispatched = await queue.dispatch(fetchCase, { caseId: 4 })

  expect((await queue.wait(dispatched)).result).toEqual({ pages: 8 })
})

test('on a database connection handlers are not loaded', async () => {
  const handlers = () => Promise.reject(new Error('must not be loaded'))

  const queue = await openQueue({ url: 'memory:', handlers })

  expect((await queue.dispatch(fetchCase, { caseId: 1 })).outcome).toBe('dispatched')
  await queue.close()
})

test('the sync connection without handlers is refused at once, and an unknown store with what is allowed', async () => {
  await expect(openQueue(settingsFrom({ QUEUE_CONNECTION: 'sync' }))).rejects.toMatchObject({
    code: 'BAD_CONFIGURATION',
  })
  await expect(openQueue({ url: 'oracle://db' })).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
})
