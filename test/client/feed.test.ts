import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import type { FeedEvent } from '../../src/client/feed.ts'
import { Feed } from '../../src/client/feed.ts'
import { newJob } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'

/** A listener, and a wait for the next event of a kind that it has not been asked for yet. */
function listening() {
  const seen: FeedEvent[] = []
  const waiting: (() => void)[] = []
  const next = async (type: FeedEvent['type']): Promise<FeedEvent> => {
    for (;;) {
      const at = seen.findIndex((event) => event.type === type)
      if (at >= 0) return seen.splice(at, 1)[0]!
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  const listener = (event: FeedEvent) => {
    seen.push(event)
    for (const told of waiting.splice(0)) told()
  }
  return { seen, next, listener }
}

eachStore('feed', (open) => {
  test('tells all who listen of counts, workers and failures, with one look for all of them', async () => {
    await using given = await open()
    let looks = 0
    const admin = createAdmin(given)
    const board = () => {
      looks += 1
      return admin.board()
    }
    const feed = new Feed({ store: given.store, board, everyMs: 10 })
    const [one, two] = [listening(), listening()]
    const offs = [feed.subscribe(one.listener), feed.subscribe(two.listener)]
    expect(await one.next('counts')).toMatchObject({ data: { queues: [], failed: 0 } })
    expect(looks).toBe(1)

    await given.job()
    // A look whose parts were read before and after the push tells of half of it; the next has all.
    let told = await one.next('counts')
    if (told.type === 'counts' && told.data.queues.length === 0) told = await one.next('counts')
    expect(told).toMatchObject({ data: { queues: [{ queue: 'default', due: 1 }] } })
    const worker = await given.worker()
    expect(await two.next('worker')).toMatchObject({ data: { change: 'joined', worker: { id: worker.id } } })
    const { uuid, payload } = newJob()
    const id = given.raw.insertFailed({ uuid, payload })
    expect(await two.next('failed')).toMatchObject({ data: { count: 1, ids: [id] } })
    await given.store.deregister(worker.id)
    await two.next('counts')
    expect(await one.next('worker')).toMatchObject({ data: { change: 'joined' } })
    expect(await one.next('worker')).toMatchObject({ data: { change: 'left' } })

    for (const off of offs) off()
    await feed.close()
  })

  test('gives who comes back what was missed, and looks at nothing while nobody listens', async () => {
    await using given = await open()
    let looks = 0
    const board = () => {
      looks += 1
      return createAdmin(given).board()
    }
    const feed = new Feed({ store: given.store, board, everyMs: 5 })
    const [one, two] = [listening(), listening()]
    const off = feed.subscribe(one.listener)
    const first = await one.next('counts')
    await given.job()
    const second = await one.next('counts')
    off()
    await feed.close()
    const before = looks

    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(looks).toBe(before)
    const end = feed.subscribe(two.listener, `${first.epoch}-${first.id}`)

    expect(two.seen[0]).toEqual(second)
    end()
    await feed.close()
  })
})
