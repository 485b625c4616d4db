import { expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import { eachStore } from '../support/suite.ts'
import { fetchCase, syncOrder } from './jobs.ts'
import { answerLost, cut, hangs, held, refused, watched } from './watched.ts'

const UUID = '019b76da-a800-7000-8000-000000000001'

eachStore('grouping of dispatches', (open) => {
  test('dispatches of one turn of the event loop are one push, and each gets its own answer', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })

    const dispatched = await Promise.all(
      Array.from({ length: 100 }, (_, caseId) => queue.dispatch(fetchCase, { caseId })),
    )

    expect(store.pushes).toHaveLength(1)
    expect(new Set(dispatched.map(({ uuid }) => uuid)).size).toBe(100)
    for (const [caseId, { uuid, id }] of dispatched.entries()) {
      const row = await given.store.get(uuid)
      expect(row?.id).toBe(id)
      expect(JSON.parse(row?.payload ?? '').data).toEqual({ caseId })
    }
  })

  test('what is dispatched while a push is under way goes with the next one', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })
    const first = held()
    store.befall(first.trouble)

    const one = queue.dispatch(fetchCase, { caseId: 1 })
    await store.pushed(1)
    const more = [2, 3, 4].map((caseId) => queue.dispatch(fetchCase, { caseId }))
    first.release()
    await Promise.all([one, ...more])

    expect(store.pushes.map(({ jobs }) => jobs.length)).toEqual([1, 3])
  })

  test('callers that are answered together and dispatch again go together again', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })

    const caller = async () => {
      for (let caseId = 0; caseId < 5; caseId++) await queue.dispatch(fetchCase, { caseId })
    }
    await Promise.all(Array.from({ length: 8 }, caller))

    expect(store.pushes.map(({ jobs }) => jobs.length)).toEqual([8, 8, 8, 8, 8])
  })

  test('a group stays below 4 MiB, and its jobs keep their order', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })
    const document = 'x'.repeat(900_000)

    const dispatched = await Promise.all(
      Array.from({ length: 9 }, (_, caseId) => queue.dispatch(fetchCase, { caseId, document } as { caseId: number })),
    )

    expect(store.pushes.map(({ jobs }) => jobs.length)).toEqual([4, 4, 1])
    const ids = dispatched.map(({ id }) => id ?? 0)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  })

  test('an input that is not valid rejects its own caller and holds nobody up', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })

    const results = await Promise.allSettled([
      queue.dispatch(fetchCase, { caseId: 1 }),
      queue.dispatch(fetchCase, { caseId: 'two' as unknown as number }),
      queue.dispatch(fetchCase, { caseId: 3 }),
    ])

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: { code: 'INVALID_INPUT' } })
    expect(store.pushes.map(({ jobs }) => jobs.length)).toEqual([2])
  })

  test('a job the store refuses rejects its own caller, and the rest of its group is stored once', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    await queue.dispatch(fetchCase, { caseId: 0 }, { uuid: UUID })

    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, caseId) =>
        queue.dispatch(fetchCase, { caseId }, caseId === 13 ? { uuid: UUID } : {}),
      ),
    )

    expect(results.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))).toEqual([13])
    expect(results[13]).toMatchObject({ reason: { code: 'DUPLICATE_UUID' } })
    expect(given.raw.jobRows()).toHaveLength(20)
  })

  test('a taken unique key is an answer, within a group too', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })

    const [first, second] = await Promise.all([
      queue.dispatch(syncOrder, { orderId: 803193, tiendaId: 4 }),
      queue.dispatch(syncOrder, { orderId: 803193, tiendaId: 4 }),
    ])

    expect(first.outcome).toBe('dispatched')
    expect(second).toEqual({ ...first, outcome: 'skipped' })
  })

  test('a push whose answer was lost is repeated under its id and stores nothing twice', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })
    store.befall(answerLost, cut, refused)

    const dispatched = await Promise.all([1, 2, 3].map((caseId) => queue.dispatch(fetchCase, { caseId })))

    expect(given.raw.jobRows().map(({ id }) => id)).toEqual(dispatched.map(({ id }) => id))
    expect(store.pushes).toHaveLength(4)
    expect(new Set(store.pushes.map(({ options }) => JSON.stringify(options.pushId))).size).toBe(1)
  })

  test('a dispatch survives a store that is away for a while', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store })
    store.befall(refused, refused, refused)

    await queue.dispatch(fetchCase, { caseId: 1 })

    expect(given.raw.jobRows()).toHaveLength(1)
  })

  test('a store that stays away rejects the dispatch in time, and says that nothing was stored', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store, timeout: 60 })
    store.befall(...Array.from({ length: 50 }, () => refused))

    const error = await queue.dispatch(fetchCase, { caseId: 1 }).catch((reason) => reason)

    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })
    expect(error.message).toBe('The store did not take job cases.fetch within 60ms; it was not stored')
    await queue.close()
    expect(given.raw.jobRows()).toEqual([])
  })

  test('a push that hangs rejects its callers in time, in doubt, and later dispatches go through', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store, timeout: 60 })
    store.befall(hangs)

    const error = await queue.dispatch(fetchCase, { caseId: 1 }, { uuid: UUID }).catch((reason) => reason)
    const later = await queue.dispatch(fetchCase, { caseId: 2 })

    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })
    expect(error.message).toContain(`uuid ${UUID}`)
    expect(later.outcome).toBe('dispatched')
    // The push that hangs may still arrive: what came after must not look like a repetition of it, or the reverse.
    const producers = store.pushes.map(({ options }) => options.pushId?.producer)
    expect(new Set(producers).size).toBe(2)
  })

  test('whoever waits behind a push that hangs is rejected in time and surely not stored', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store, timeout: 80 })
    store.befall(hangs, ...Array.from({ length: 50 }, () => refused))

    const first = queue.dispatch(fetchCase, { caseId: 1 }).catch((reason) => reason)
    await store.pushed(1)
    const second = queue.dispatch(fetchCase, { caseId: 2 }).catch((reason) => reason)

    expect(await first).toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })
    expect(await second).toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })
    await queue.close()
    expect(given.raw.jobRows()).toEqual([])
  })

  test('callers of one group are rejected at their own time: who came later may still be served', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store, timeout: 2_000 })
    const first = held()
    let away = true
    const refusedForNow = (push: Parameters<typeof refused>[0]) => (away ? refused(push) : push())
    store.befall(first.trouble, ...Array.from({ length: 50 }, () => refusedForNow))

    const blocking = queue.dispatch(fetchCase, { caseId: 1 })
    await store.pushed(1)
    const early = queue.dispatch(fetchCase, { caseId: 2 }).catch((reason) => reason)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const late = queue.dispatch(fetchCase, { caseId: 3 })
    first.release()

    expect((await blocking).outcome).toBe('dispatched')
    expect(await early).toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })
    away = false
    expect((await late).outcome).toBe('dispatched')
    const stored = given.raw.jobRows().map(({ payload }) => JSON.parse(payload).data.caseId)
    expect(stored).toEqual([1, 3])
  })

  test('in a group that hangs, each caller is rejected at its own time, in doubt', async () => {
    await using given = await open()
    const store = watched(given.store)
    const queue = createQueue({ store, timeout: 300 })
    const first = held()
    const second = held()
    store.befall(first.trouble, second.trouble)

    const blocking = queue.dispatch(fetchCase, { caseId: 1 })
    await store.pushed(1)
    const early = queue.dispatch(fetchCase, { caseId: 2 }).catch((reason) => reason)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const late = queue.dispatch(fetchCase, { caseId: 3 })
    first.release()
    await blocking

    expect(await early).toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: true })
    second.release()
    expect((await late).outcome).toBe('dispatched')
  })

  test('close waits for what was dispatched, and refuses what comes after', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })

    const before = queue.dispatch(fetchCase, { caseId: 1 })
    const closed = queue.close()

    await expect(queue.dispatch(fetchCase, { caseId: 2 })).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    await closed
    expect((await before).outcome).toBe('dispatched')
    expect(given.raw.jobRows()).toHaveLength(1)
  })
})
