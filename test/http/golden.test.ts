import { describe, expect, test } from 'vitest'
import { tryReadPayload } from '../../src/core/payload.ts'
import { type GoldenTables, goldenTables } from '../support/laravel-golden.ts'
import { type Api, apiOn } from './support.ts'

/** Rows that a real Laravel wrote, as a client of the management API sees them. */
const SURFACE = 'order_id|orderId,tienda_id|tiendaId,case_id|caseId,hidden|b'

interface Shown {
  id: number
  job_class: string
  [key: string]: unknown
}

describe.each(goldenTables)('rows of Laravel $version through the API on $name', ({ open }) => {
  const served = async (timezone?: string): Promise<{ api: Api; tables: GoldenTables } & AsyncDisposable> => {
    const tables = await open({ timezone })
    const close = async () => {}
    const api = await apiOn({ store: tables.store, close }, { surface: SURFACE, timezone })
    return {
      api,
      tables,
      [Symbol.asyncDispose]: async () => {
        await api[Symbol.asyncDispose]()
        await tables[Symbol.asyncDispose]()
      },
    }
  }
  const idOf = ({ rows }: GoldenTables, kind: string) =>
    (rows.pushed as { id: number; kind?: string }[]).find((row) => row.kind === kind)!.id

  test('are listed newest first, each with the class that its payload names, unaltered', async () => {
    await using given = await served()
    const { api, tables } = given
    await tables.insert('jobs', tables.rows.pushed)

    const { jobs, count } = (await api.get('jobs?limit=200')).json().data
    expect(count).toBe(tables.rows.pushed.length)
    const expected = tables.rows.pushed
      .toSorted((one, other) => other.id - one.id)
      .map(({ id, payload }) => {
        const { displayName, job, data } = JSON.parse(payload)
        // Whoever pushed no job has a row that no worker can run.
        return { id, job_class: displayName ?? data?.commandName ?? job ?? '(corrupt payload)' }
      })
    expect(jobs).toMatchObject(expected)
    for (const job of jobs as Shown[]) expect(job.max_attempts, job.job_class).toEqual(expect.any(Number))
  })

  test('show fields out of serialized commands, private ones too, with their types, and null where a job has none', async () => {
    await using given = await served()
    const { api, tables } = given
    await tables.insert('jobs', tables.rows.pushed)
    const byId = new Map((await api.get('jobs?limit=200')).json().data.jobs.map((job: Shown) => [job.id, job]))
    const none = { order_id: null, tienda_id: null, case_id: null, hidden: null }

    expect(byId.get(idOf(tables, 'netsuite_sync'))).toMatchObject({ ...none, order_id: 98765, tienda_id: 12 })
    expect(byId.get(idOf(tables, 'netsuite_sync_on_queue'))).toMatchObject({ queue: 'netsuite', order_id: 98766 })
    expect(byId.get(idOf(tables, 'fetch_case_data'))).toMatchObject({ ...none, case_id: 4711 })
    expect(byId.get(idOf(tables, 'plain'))).toMatchObject({ ...none, hidden: 'dos' })
    expect(byId.get(idOf(tables, 'encrypted'))).toMatchObject(none)
    expect(byId.get(idOf(tables, 'raw'))).toMatchObject(none)

    const found = (await api.get('jobs?order_id=98765')).json().data
    expect(found.jobs.map(({ id }: Shown) => id)).toEqual([idOf(tables, 'netsuite_sync')])
    const later = (await api.get('jobs?case_id=4711&tienda_id=12')).json().data
    expect(later.count).toBe(0)
  })

  test('are shown one by one with the command in readable form; of an encrypted one, that it is', async () => {
    await using given = await served()
    const { api, tables } = given
    await tables.insert('jobs', tables.rows.pushed)
    for (const { id, payload } of tables.rows.pushed) {
      const answer = await api.get(`jobs/${id}`)
      expect(answer.statusCode, payload).toBe(200)
      // What stands there in PHP's form is shown read, or not at all.
      expect(answer.body).not.toMatch(/O:\d+:\\?"/)
    }
    const detail = (await api.get(`jobs/${idOf(tables, 'netsuite_sync')}`)).json().data
    expect(detail).toMatchObject({ payload_kind: 'serialized', payload: { data: { command: { orderId: 98765 } } } })

    const encrypted = await api.get(`jobs/${idOf(tables, 'encrypted')}`)
    expect(encrypted.json().data).toMatchObject({
      job_class: 'App\\Jobs\\SecretTokenJob',
      payload_kind: 'encrypted',
      payload: { data: { commandName: 'App\\Jobs\\SecretTokenJob', command: '(encrypted)' } },
    })
  })

  test('that failed show the headline of what was thrown last, and the time as the table has it', async () => {
    await using given = await served()
    const { api, tables } = given
    await tables.insert('failed_jobs', tables.rows.failed)

    const { failed_jobs, count } = (await api.get('failed?limit=200')).json().data
    expect(count).toBe(tables.rows.failed.length)
    const byId = new Map<number, Shown>(failed_jobs.map((job: Shown) => [job.id, job]))
    for (const { id, failed_at, exception } of tables.rows.failed) {
      const { exception_short: short } = byId.get(id) as Shown & { exception_short: string }
      expect(byId.get(id)).toMatchObject({ id, failed_at })
      expect([...short].length).toBeLessThanOrEqual(103)
      expect(short.endsWith('...')).toBe(
        short.length < exception.trimEnd().length || exception.trimEnd().endsWith('...'),
      )
    }
    const chained = tables.rows.failed.find(({ payload }) => payload.includes('NestedExceptionJob'))!
    expect(chained.exception).toMatch(/^JsonException: /)
    expect(byId.get(chained.id)!.exception_short).toMatch(/^LogicException: could not parse the answer of https:/)
    const detail = (await api.get(`failed/${chained.id}`)).json().data
    expect(detail.exception).toBe(chained.exception)
  })

  test('that failed are found by class and by fields, and retried with attempts 0 and their uuid', async () => {
    await using given = await served()
    const { api, tables } = given
    await tables.insert('failed_jobs', tables.rows.failed)
    const readable = tables.rows.failed.filter(({ payload }) => {
      const data = tryReadPayload(payload)?.data as { command?: unknown } | undefined
      return String(data?.command).includes('"caseId";i:4711;')
    })
    // What Laravel wrote is looked at in the background, from the first question on.
    const found = async () => (await api.get('failed?case_id=4711')).json().data.failed_jobs.map(({ id }: Shown) => id)
    const expected = readable.map(({ id }) => id).sort((one, other) => other - one)
    await expect.poll(found, { timeout: 15_000 }).toEqual(expected)
    const classes = (await api.get('failed?job_class=App%5CJobs%5CAlwaysFailsJob')).json().data
    expect(classes.failed_jobs.map(({ job_class }: Shown) => job_class)).toEqual(['App\\Jobs\\AlwaysFailsJob'])

    const [{ id, uuid }] = classes.failed_jobs
    expect((await api.post(`retry/${id}`)).json().message).toBe(`Job ${id} moved back to queue for retry`)
    const [job] = await tables.all<{ payload: string; attempts: number }>('jobs')
    expect(Number(job!.attempts)).toBe(0)
    expect(JSON.parse(job!.payload)).toMatchObject({ uuid, maxTries: 3 })
  })

  test('of an application in America/Bogota show its own failed_at, and are narrowed by true instants', async () => {
    await using given = await served('America/Bogota')
    const { api, tables } = given
    // As recorded: the worker ran at 19:44:47 UTC, and Laravel wrote its zone's time.
    const [row] = tables.rows.failed
    await tables.insert('failed_jobs', [{ ...row!, failed_at: '2026-11-21 14:44:47' }])

    const [shown] = (await api.get('failed')).json().data.failed_jobs
    expect(shown.failed_at).toBe('2026-11-21 14:44:47')
    const firstAt = async () => (await api.get('failed/groups')).json().data.groups[0]?.first_at
    await expect.poll(firstAt, { timeout: 15_000 }).toBe('2026-11-21T19:44:47.000Z')
    const counted = async (query: string) => (await api.get(`failed?${query}`)).json().data.count
    expect(await counted('from=2026-11-21T19:44:47Z&to=2026-11-21T19:44:48Z')).toBe(1)
    expect(await counted('from=2026-11-21T19:44:48Z')).toBe(0)
    expect(await counted('to=2026-11-21 14:44:47')).toBe(0)
    expect((await api.post(`retry/${shown.id}`)).json().data.failed_at).toBe('2026-11-21 14:44:47')
  })
})
