import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { PoolUse } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'

eachStore('life', (open) => {
  test('a store may be opened and migrated again and again', async () => {
    await using given = await open()
    const { store } = given
    await given.job()

    await store.open()
    const report = await store.migrate()

    expect(report.steps).toEqual([])
    expect(report.from).toBe(report.to)
    expect(given.raw.jobRows()).toHaveLength(1)
  })

  test('two connections may migrate at the same moment', async () => {
    await using given = await open()
    const second = await given.second()

    const reports = await Promise.all([given.store.migrate(), second.migrate()])

    expect(reports.map(({ to }) => to)).toEqual([reports[0]?.to, reports[0]?.to])
  })

  test('a closed store rejects what comes after, and may be closed again', async () => {
    const given = await open()
    const { store } = given
    await store.close()
    await store.close()

    for (const call of [
      () => store.push([newJob()]),
      () => store.reclaim(),
      () => store.counts(),
      () => store.schedules(),
      () => store.workers(),
      () => store.runs({}, { limit: 1 }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    }
    await given.close()
  })

  test('ping tells the time of the store and its schema', async () => {
    await using given = await open()

    const ping = await given.store.ping()

    expect(ping.now).toBe(given.clock.now())
    expect(ping.schemaVersion).toBe((await given.store.migrate()).to)
    expect(ping.latencyMs).toBeGreaterThanOrEqual(0)
    expect(ping.server).not.toBe('')
  })

  test('pools keep to their limits, and nothing of them is busy when nothing is asked', async () => {
    await using given = await open()
    const { store } = given
    const seen: PoolUse[] = []
    let asking = true
    const calls = Promise.all(Array.from({ length: 40 }, () => store.counts())).finally(() => {
      asking = false
    })
    while (asking) {
      seen.push(...store.connections())
      await setImmediate()
    }
    await calls

    const hasPools = store.kind === 'postgres' || store.kind === 'mysql'
    expect(seen.some(({ busy }) => busy > 0)).toBe(hasPools)
    expect(seen.some(({ waiting }) => waiting > 0)).toBe(hasPools)
    expect(seen.filter(({ busy, idle, limit }) => limit === null || busy + idle > limit)).toEqual([])
    const after = store.connections()
    expect(after.map(({ busy, waiting }) => busy + waiting)).toEqual(after.map(() => 0))
    expect(after.some(({ idle }) => idle > 0)).toBe(hasPools)
  })

  test('every finding that is not fine says what to do', async () => {
    await using given = await open()

    const findings = await given.store.diagnose()

    expect(findings.filter(({ level, remedy }) => level !== 'ok' && !remedy)).toEqual([])
  })

  test('a transaction that is not of this store is refused, and nothing is stored', async () => {
    await using given = await open()

    await expect(given.store.push([newJob()], { tx: { begin: true } })).rejects.toMatchObject({ name: 'FaenaError' })

    expect(given.raw.jobRows()).toEqual([])
  })
})
