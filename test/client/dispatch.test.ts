import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createQueue, type DispatchOptions } from '../../src/client/queue.ts'
import type { Unique } from '../../src/core/job.ts'
import { defineJob } from '../../src/core/job.ts'
import { readPayload } from '../../src/core/payload.ts'
import { eachStore } from '../support/suite.ts'
import { fetchCase, syncOrder } from './jobs.ts'
import { watched } from './watched.ts'

const HOUR = 3_600_000

eachStore('dispatch', (open) => {
  test('a dispatched job is found by what dispatch answered, as the definition says it should be', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })

    const { uuid, outcome, id } = await queue.dispatch(fetchCase, { caseId: 7 })

    expect(outcome).toBe('dispatched')
    const row = await given.store.get(uuid)
    expect(row).toMatchObject({ id, queue: 'cases', name: 'cases.fetch', maxAttempts: 5, priority: 0, status: 'due' })
    const payload = JSON.parse(row?.payload ?? '')
    expect(payload).toMatchObject({
      uuid,
      job: 'faena@cases.fetch',
      data: { caseId: 7 },
      maxTries: 5,
      backoff: '10,60',
    })
  })

  test('options of a dispatch win over the definition', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const uuid = '019B76DA-A800-7000-8000-00000000000A'

    await queue.dispatch(
      syncOrder,
      { orderId: 1, tiendaId: 2 },
      {
        queue: 'urgent',
        priority: -3,
        tries: 1,
        timeout: '1500ms',
        tags: ['by-hand', 'tienda:2'],
        unique: null,
        delay: '1h',
        uuid,
      },
    )

    const row = await given.store.get(uuid.toLowerCase())
    expect(row).toMatchObject({ queue: 'urgent', priority: -3, maxAttempts: 1, status: 'delayed' })
    const payload = readPayload(row?.payload ?? '')
    expect(payload).toMatchObject({
      maxTries: 1,
      timeoutMs: 1_500,
      faena: { priority: -3, tags: ['tienda:2', 'by-hand'] },
    })
    expect(payload.faena.unique).toBeUndefined()
  })

  test('a delay ends at the first whole second that is not too early', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })

    const { uuid } = await queue.dispatch(fetchCase, { caseId: 1 }, { delay: '1500ms' })

    const row = await given.store.get(uuid)
    expect(row?.availableAt).toBe(Math.ceil((given.clock.now() + 1_500) / 1_000) * 1_000)
  })

  test('availableAt takes a Date or unix ms', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const at = given.clock.now() + HOUR

    const { uuid } = await queue.dispatch(fetchCase, { caseId: 1 }, { availableAt: new Date(at) })
    const same = await queue.dispatch(fetchCase, { caseId: 1 }, { availableAt: at })

    const second = Math.ceil(at / 1_000) * 1_000
    expect((await given.store.get(uuid))?.availableAt).toBe(second)
    expect((await given.store.get(same.uuid))?.availableAt).toBe(second)
  })

  test('a unique key is scoped by the job name and stands in the payload, so that a retry takes it again', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })

    const { uuid } = await queue.dispatch(fetchCase, { caseId: 1 }, { unique: 'order:1' })
    const other = await queue.dispatch(syncOrder, { orderId: 1, tiendaId: 1 })

    expect(other.outcome).toBe('dispatched')
    const payload = readPayload((await given.store.get(uuid))?.payload ?? '')
    expect(payload.faena.unique).toEqual({ key: 'cases.fetch:order:1', until: 'ended' })
  })

  test.each<{ onTaken: Unique['onTaken']; outcome: string; data: unknown; delayed: boolean }>([
    { onTaken: 'skip', outcome: 'skipped', data: { caseId: 1 }, delayed: false },
    { onTaken: 'replace', outcome: 'replaced', data: { caseId: 2 }, delayed: false },
    { onTaken: 'pushBack', outcome: 'pushedBack', data: { caseId: 1 }, delayed: true },
  ])(
    'on a taken key with $onTaken the dispatch answers $outcome and the holder',
    async ({ onTaken, outcome, data, delayed }) => {
      await using given = await open()
      const queue = createQueue({ store: given.store })
      const unique = { key: 'case', onTaken }
      const first = await queue.dispatch(fetchCase, { caseId: 1 }, { unique })

      const second = await queue.dispatch(fetchCase, { caseId: 2 }, { unique, ...(delayed && { delay: '1h' }) })

      expect(second).toEqual({ outcome, uuid: first.uuid, id: first.id })
      const row = await given.store.get(first.uuid)
      expect(JSON.parse(row?.payload ?? '').data).toEqual(data)
      expect(row?.status).toBe(delayed ? 'delayed' : 'due')
    },
  )

  test('dispatchMany stores many in one push and answers in order', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })
    const inputs = Array.from({ length: 1_000 }, (_, caseId) => ({ caseId }))

    const dispatched = await queue.dispatchMany(fetchCase, inputs, {
      queue: 'imports',
      each: ({ caseId }) => ({ priority: caseId % 2 }),
    })

    expect(store.pushes).toHaveLength(1)
    const rows = given.raw.jobRows()
    expect(rows.map(({ id }) => id)).toEqual(dispatched.map(({ id }) => id))
    expect(rows.every(({ queue: name }) => name === 'imports')).toBe(true)
    expect(JSON.parse(rows[999]?.payload ?? '')).toMatchObject({ data: { caseId: 999 }, faena: { priority: 1 } })
  })

  test('dispatchMany stores nothing if one input is not valid, and names it', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const inputs = [{ caseId: 1 }, { caseId: Number.NaN }, { caseId: 3 }]

    await expect(queue.dispatchMany(fetchCase, inputs)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'inputs[1]: Input of job cases.fetch is not plain JSON: caseId is NaN',
      issues: [{ path: '1.caseId', message: 'is NaN' }],
    })
    expect(given.raw.jobRows()).toEqual([])
  })

  test('dispatchMany stores all or nothing if the store refuses one', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const { uuid } = await queue.dispatch(fetchCase, { caseId: 0 })

    const inputs = [{ caseId: 1 }, { caseId: 2 }]
    const refused = queue.dispatchMany(fetchCase, inputs, { each: ({ caseId }) => (caseId === 2 ? { uuid } : {}) })

    await expect(refused).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
    expect(given.raw.jobRows()).toHaveLength(1)
  })

  test('a list beyond one push goes in parts, and an error says how many are stored', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })
    const { uuid } = await queue.dispatch(fetchCase, { caseId: -1 })
    const inputs = Array.from({ length: 7_000 }, (_, caseId) => ({ caseId }))

    const refused = queue.dispatchMany(fetchCase, inputs, { each: ({ caseId }) => (caseId === 6_999 ? { uuid } : {}) })

    await expect(refused).rejects.toMatchObject({
      code: 'DUPLICATE_UUID',
      message: expect.stringMatching(/The first 5000 of 7000 jobs are stored: go on from inputs\[5000\]$/),
    })
    expect(store.pushes.map(({ jobs }) => jobs.length)).toEqual([1, 5_000, 2_000])
    expect(given.raw.jobRows()).toHaveLength(5_001)
  })

  test('cancel takes a job away, by uuid, id or what dispatch answered', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const [a, b, c] = await queue.dispatchMany(fetchCase, [{ caseId: 1 }, { caseId: 2 }, { caseId: 3 }])

    expect(await queue.cancel(a!)).toBe(true)
    expect(await queue.cancel(b!.uuid)).toBe(true)
    expect(await queue.cancel(c!.id!)).toBe(true)
    expect(await queue.cancel(a!)).toBe(false)
    expect(given.raw.jobRows()).toEqual([])
  })

  test('a schedule is saved with its checked input and its next run, and removed by its key', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store, timezone: 'America/Bogota' })

    await queue.schedule('nightly', { job: fetchCase, input: { caseId: 1 }, cron: '0 3 * * *' })

    expect(await given.store.schedules()).toMatchObject([
      {
        key: 'nightly',
        job: 'cases.fetch',
        queue: 'cases',
        input: '{"caseId":1}',
        timing: { cron: '0 3 * * *', zone: 'America/Bogota' },
        nextAt: Date.UTC(2026, 0, 6, 8),
        origin: 'api',
      },
    ])
    const wrong = { job: fetchCase, input: { caseId: 'x' as unknown as number }, every: '1h' as const }
    await expect(queue.schedule('wrong', wrong)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await queue.unschedule('nightly')).toBe(true)
    expect(await queue.unschedule('nightly')).toBe(false)
  })
})

describe('what dispatch refuses', () => {
  const queue = createQueue({ store: watched({} as never), maxPayloadBytes: 2_048 })
  const beyond = new Date(Date.UTC(2038, 0, 19, 3, 14, 8))

  test.each<[string, DispatchOptions, RegExp]>([
    [
      'a date beyond the column',
      { availableAt: beyond },
      /^availableAt is "2038-01-19T03:14:08.000Z"; allowed: .*2038-01-19T03:14:07/,
    ],
    ['a date that is none', { availableAt: new Date(Number.NaN) }, /^availableAt is "Invalid Date"/],
    ['a negative instant', { availableAt: -1 }, /^availableAt is -1/],
    ['an infinite instant', { availableAt: Number.POSITIVE_INFINITY }, /^availableAt is/],
    ['seconds where ms are meant', { availableAt: 1_767_614_400 }, /looks like seconds/],
    ['a bare number in a string as delay', { delay: '10' as never }, /^delay is "10"/],
    ['a negative delay', { delay: -5 }, /^delay is -5/],
    ['delay and availableAt together', { delay: 5, availableAt: Date.now() }, /^delay and availableAt are both given/],
    ['a priority out of range', { priority: 40_000 }, /^priority is 40000/],
    ['a queue with a comma', { queue: 'a,b' }, /^queue is "a,b"/],
    ['half a try', { tries: 0.5 }, /^tries is 0.5/],
    ['a uuid that is none', { uuid: 'case-1' }, /^uuid is "case-1"/],
    ['an empty tag', { tags: [''] }, /^tags of job cases.fetch/],
    ['an empty key', { unique: '' }, /^unique.key is ""/],
    ['a key over 255 bytes with the name', { unique: 'é'.repeat(122) }, /allowed: 1 to 243 bytes for job cases.fetch/],
    ['until and for together', { unique: { key: 'a', until: 'ended', for: '1m' } }, /^unique.until and unique.for/],
    ['an unknown policy', { unique: { key: 'a', onTaken: 'drop' as never } }, /^unique.onTaken is "drop"/],
  ])('%s', async (_, options, text) => {
    await expect(queue.dispatch(fetchCase, { caseId: 1 }, options)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringMatching(text),
    })
  })

  test('a payload over the limit, with its size and the limit', async () => {
    const input = { caseId: 1, document: 'ñ'.repeat(1_000) }
    await expect(queue.dispatch(fetchCase, input as { caseId: number })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringMatching(
        /^The payload of job cases.fetch has \d{4} bytes; the limit is 2048 \(maxPayloadBytes\)/,
      ),
    })
  })

  test('something that is no definition', async () => {
    await expect(queue.dispatch({ name: 'cases.fetch' } as never, { caseId: 1 } as never)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
    })
  })

  test('an input that an asynchronous schema turns down', async () => {
    const checked = defineJob({
      name: 'checked',
      input: z.object({ id: z.number().refine(async (id) => id > 0, 'is not known') }),
    })
    await expect(queue.dispatch(checked, { id: -1 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: 'id', message: 'is not known' }],
    })
  })
})
