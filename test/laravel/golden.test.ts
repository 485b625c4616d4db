import { describe, expect, test } from 'vitest'
import { FETCH, newJob } from '../support/jobs.ts'
import { goldenTables } from '../support/laravel-golden.ts'
import { startWorker } from '../support/worker.ts'

const ALL = { limit: 1_000, upTo: Number.MAX_SAFE_INTEGER }
const PAGE = { limit: 1_000, order: 'oldest' } as const
/** A time after all that was recorded, with every `retryUntil` behind it. */
const LATER = Date.UTC(2027, 0, 1)
const RETRY_AFTER_S = 90

interface Row {
  id: number
  payload: string
  [column: string]: unknown
}

const uuidIn = (payload: string) => /"uuid": ?"([^"]*)"/.exec(payload)?.[1]
/** Undefined where somebody pushed a payload of his own. */
const nameIn = (payload: string) => (JSON.parse(payload) as { displayName?: string }).displayName
const namesIn = (rows: readonly { payload: string }[]) => [
  ...new Set(rows.flatMap(({ payload }) => nameIn(payload) ?? [])),
]

/** What may differ after a retry: when it is given up at last. */
const withoutUntil = (payload: string) => payload.replace(/("retryUntil": ?)\d+/, '$1…')

describe.each(goldenTables)('rows that Laravel $version wrote on $name', ({ open }) => {
  test('are listed and shown as they stand, by id and by uuid', async () => {
    await using tables = await open({ clock: () => LATER })
    const { store, rows } = tables
    await tables.insert('jobs', rows.pushed)

    const listed = (await store.list({}, PAGE)).rows

    expect(listed).toMatchObject(
      rows.pushed
        .toSorted((a, b) => a.id - b.id)
        .map(({ id, queue, payload, attempts, available_at, created_at }) => {
          const times = { availableAt: available_at * 1_000, createdAt: created_at * 1_000 }
          return { id, queue, payload, attempts, status: 'due', reservedAt: null, reservedBy: null, ...times }
        }),
    )
    for (const { id, payload } of rows.pushed) {
      expect((await store.get(id))?.payload).toBe(payload)
      const uuid = uuidIn(payload)
      if (uuid) expect(await store.get(uuid), uuid).toMatchObject({ id, payload })
    }
    for (const name of namesIn(rows.pushed)) {
      const named = (await store.list({ name }, PAGE)).rows
      const wanted = rows.pushed.filter(({ payload }) => nameIn(payload) === name).map(({ id }) => id)
      expect(named.map(({ id }) => id)).toEqual(wanted.sort((a, b) => a - b))
    }
  })

  test('that failed are listed and shown as they stand', async () => {
    await using tables = await open()
    const { store, rows } = tables
    await tables.insert('failed_jobs', rows.failed)

    const listed = (await store.listFailed({}, PAGE)).rows

    expect(listed).toMatchObject(
      rows.failed
        .toSorted((a, b) => a.id - b.id)
        .map(({ failed_at, ...row }) => ({
          ...row,
          failedAtText: failed_at,
          failedAt: Date.parse(`${failed_at.replace(' ', 'T')}Z`),
        }))
        .map(({ scenario: _, ...row }: Record<string, unknown>) => row),
    )
    for (const { uuid, id } of rows.failed) expect((await store.getFailed(uuid))?.id).toBe(id)
  })

  test('go back when they are retried, with no byte of their payload changed that need not change', async () => {
    await using tables = await open({ clock: () => LATER })
    const { store, rows } = tables
    await tables.insert('failed_jobs', rows.failed)

    expect(await store.retry({}, ALL)).toMatchObject({ changed: rows.failed.length, skipped: 0 })

    const back = await tables.all<Row>('jobs')
    expect(back.map(({ payload }) => withoutUntil(payload)).sort()).toEqual(
      rows.failed.map(({ payload }) => withoutUntil(payload)).sort(),
    )
    for (const row of back) expect(row).toMatchObject({ attempts: 0, reserved_at: null, queue: 'default' })
    const untils = back.flatMap(({ payload }) => (JSON.parse(payload) as { retryUntil?: number }).retryUntil ?? [])
    expect(untils.length).toBeGreaterThan(0)
    expect(untils.filter((until) => until * 1_000 <= LATER)).toEqual([])
    expect(await tables.all('failed_jobs')).toEqual([])
  })

  test('that have time left to be tried go back byte for byte', async () => {
    await using tables = await open({ clock: () => Date.UTC(2026, 0, 1) })
    const { store, rows } = tables
    await tables.insert('failed_jobs', rows.failed)

    await store.retry({}, ALL)

    const back = await tables.all<Row>('jobs')
    expect(back.map(({ payload }) => payload).sort()).toEqual(rows.failed.map(({ payload }) => payload).sort())
  })

  test('are deleted one by one, and those beside them stay as they are', async () => {
    await using tables = await open()
    const { store, rows } = tables
    await tables.insert('jobs', rows.pushed)
    await tables.insert('failed_jobs', rows.failed)
    const before = { jobs: await tables.all<Row>('jobs'), failed: await tables.all<Row>('failed_jobs') }
    const [gone, failed] = [rows.pushed[3]!, rows.failed[3]!]

    expect(await store.remove({ refs: [uuidIn(gone.payload)!] }, ALL)).toMatchObject({ changed: 1 })
    expect(await store.removeFailed({ refs: [failed.uuid] }, ALL)).toMatchObject({ changed: 1 })

    expect(await tables.all('jobs')).toEqual(before.jobs.filter(({ id }) => Number(id) !== gone.id))
    expect(await tables.all('failed_jobs')).toEqual(before.failed.filter(({ id }) => Number(id) !== failed.id))
  })

  test('and that PHP has reserved are left to PHP, also when they are old, while nobody says what its retry_after is', async () => {
    let now = 0
    await using tables = await open({ clock: () => now })
    const { store, rows } = tables
    await tables.insert('jobs', rows.reserved)
    const before = await tables.all<Row>('jobs')
    const names = namesIn(rows.reserved)
    const last = Math.max(...rows.reserved.map(({ reserved_at }) => reserved_at!))

    for (const seconds of [0, RETRY_AFTER_S - 1, RETRY_AFTER_S + 1, 10 * RETRY_AFTER_S]) {
      now = (last + seconds) * 1_000
      const worker = await startWorker(store)
      expect(await worker.reserve({ names: [FETCH, ...names] })).toEqual([])
      expect(await store.reclaim()).toMatchObject({ returned: 0 })
      expect(await store.deregister(worker.id)).toBe(0)
      expect((await store.counts()).map(({ reserved }) => reserved)).toEqual([rows.reserved.length])
      expect(await tables.all('jobs')).toEqual(before)
    }
  })

  test('and that wait for PHP are not given to our workers, who find their own behind them', async () => {
    await using tables = await open({ clock: () => LATER })
    const { store, rows } = tables
    await tables.insert('jobs', rows.pushed)
    const before = await tables.all<Row>('jobs')
    const ours = newJob()
    await store.push([ours])
    const worker = await startWorker(store)

    const jobs = await worker.reserve({ names: [FETCH, ...namesIn(rows.pushed)], queues: ['default', 'netsuite'] })

    expect(jobs.map(({ payload }) => payload)).toEqual([ours.payload])
    expect((await tables.all<Row>('jobs')).slice(0, before.length)).toEqual(before)
  })
})

/** The clock when Laravel’s worker ran, its zone being America/Bogota, and what it wrote. */
const IN_BOGOTA = {
  '8.83 sqlite': ['2026-11-21T19:44:47Z', '2026-11-21 14:44:47'],
  '8.83 postgres': ['2026-11-21T19:44:48Z', '2026-11-21 14:44:48'],
  '8.83 mysql': ['2026-11-21T19:44:48Z', '2026-11-21 14:44:48'],
  '12.67 sqlite': ['2026-11-21T19:44:48Z', '2026-11-21 14:44:48'],
  '12.67 postgres': ['2026-11-21T19:44:49Z', '2026-11-21 14:44:49'],
  '12.67 mysql': ['2026-11-21T19:44:49Z', '2026-11-21 14:44:49'],
} as Record<string, [string, string]>

describe.each(goldenTables)(
  'where the application is in America/Bogota (Laravel $version, $name)',
  ({ name, version, open }) => {
    const [instant, text] = IN_BOGOTA[`${version} ${name}`]!
    const at = Date.parse(instant)

    test('what Laravel noted as the time of a failure reads as that instant, also as a bound', async () => {
      await using tables = await open({ timezone: 'America/Bogota' })
      const { store, rows } = tables
      await tables.insert('failed_jobs', [{ ...rows.failed[0]!, failed_at: text }])

      expect((await store.listFailed({}, PAGE)).rows).toMatchObject([{ failedAt: at, failedAtText: text }])
      expect(await store.countFailed({ failedBefore: at + 1_000, failedAfter: at - 1_000 })).toBe(1)
      expect(await store.countFailed({ failedBefore: at })).toBe(0)
      expect(await store.countFailed({ failedAfter: at })).toBe(1)
      expect(await store.countFailed({ failedAfter: at + 1_000 })).toBe(0)
    })

    test('a job that fails here gets the time that Laravel would have noted', async () => {
      await using tables = await open({ timezone: 'America/Bogota', clock: () => at + 400 })
      const { store } = tables
      const [job] = [newJob()]
      await store.push([job])
      const worker = await startWorker(store)
      await worker.fail(await worker.reserveOne())

      expect((await tables.all<Row>('failed_jobs'))[0]).toMatchObject({ failed_at: text })
      expect((await store.getFailed(job.uuid))?.failedAt).toBe(at)
    })
  },
)
