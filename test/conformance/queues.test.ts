import { expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'

eachStore('queues', (open) => {
  test('a queue is known that holds jobs, was paused or is served', async () => {
    await using given = await open()
    expect(await given.store.queues()).toEqual([])
    await given.job({ queue: 'pending' })
    given.raw.insertJob({ queue: 'running', payload: newJob().payload, attempts: 1, reserved_at: 1_767_614_400 })
    await given.store.pause('paused', 'the ERP is down')
    await given.worker({ queues: ['served', 'pending'] })
    const gone = await given.worker({ queues: ['not any more'] })
    await given.store.deregister(gone.id)

    expect(await given.store.queues()).toEqual([
      { queue: 'paused', pausedAt: given.clock.now(), pauseReason: 'the ERP is down' },
      { queue: 'pending', pausedAt: null, pauseReason: null },
      { queue: 'running', pausedAt: null, pauseReason: null },
      { queue: 'served', pausedAt: null, pauseReason: null },
    ])
  })

  test('pausing again keeps when the pause began and takes the new reason', async () => {
    await using given = await open()
    await given.store.pause('cases', 'first')
    const pausedAt = given.clock.now()
    given.clock.advance(60_000)

    await given.store.pause('cases', 'second')

    expect(await given.store.queues()).toEqual([{ queue: 'cases', pausedAt, pauseReason: 'second' }])
  })

  test('a queue that is resumed has no reason left, whether it was paused or not', async () => {
    await using given = await open()
    await given.job({ queue: 'cases' })
    await given.job({ queue: 'other' })
    await given.store.pause('cases', 'for now')

    await given.store.resume('cases')
    await given.store.resume('other')

    expect(await given.store.queues()).toEqual([
      { queue: 'cases', pausedAt: null, pauseReason: null },
      { queue: 'other', pausedAt: null, pauseReason: null },
    ])
  })

  test('a pause holds for every connection', async () => {
    await using given = await open()
    const second = await given.second()
    await second.pause('default', null)
    await given.job()
    const worker = await given.worker()

    expect(await worker.reserve()).toEqual([])
    await second.resume('default')
    expect(await worker.reserve()).toHaveLength(1)
  })
})
