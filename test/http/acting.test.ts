import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob } from '../../src/core/job.ts'
import { inputOf, newJob, uuidOf } from '../support/jobs.ts'
import { eachApi, type GivenApi } from './support.ts'

/** What the API changes in jobs, schedules and operations, as the tables and the next answers have it. */

const refresh = defineJob({ name: 'cases.refresh', input: z.object({ hours: z.number() }), queue: 'default' })

const iso = (ms: number) => new Date(ms).toISOString()

eachApi('acting through the API', (open) => {
  test('a waiting job is moved to another queue and made due later, and keeps all else', async () => {
    await using api = await open()
    const { id, uuid } = await api.job({ input: { order_id: 7 }, priority: -3 })
    const [before] = api.raw.jobRows()
    const patch = (payload: object) => api.as('operator')('PATCH', `jobs/${id}`, { payload })

    expect((await patch({ queue: 'mails/out' })).json()).toMatchObject({ success: true, data: { changed: 1 } })
    expect(api.raw.jobRows()).toEqual([{ ...before, queue: 'mails/out' }])

    expect((await patch({ delay_seconds: 90 })).json()).toMatchObject({ success: true, data: { changed: 1 } })
    // Whole seconds in the table, and never before the time that was asked for.
    const due = Math.ceil((api.clock.now() + 90_000) / 1_000)
    expect(api.raw.jobRows()).toEqual([{ ...before, queue: 'mails/out', available_at: due }])
    const { data } = (await api.get(`jobs/${id}`)).json()
    expect(data).toMatchObject({ uuid, queue: 'mails/out', priority: -3, status: 'delayed', order_id: 7 })

    expect((await patch({ available_at: iso(api.clock.now() + 3_600_000) })).statusCode).toBe(200)
    expect(api.raw.jobRows()[0]!.available_at).toBe(Math.ceil((api.clock.now() + 3_600_000) / 1_000))
    expect((await patch({})).statusCode).toBe(400)
    const { entries } = (await api.get('audit?action=job.change')).json().data
    expect(entries.at(-1)).toMatchObject({ target: `job:${id}`, outcome: 'done', detail: { queue: 'mails/out' } })
  })

  test('a job that runs is neither moved nor delayed', async () => {
    await using api = await open()
    const { id } = await api.job()
    await (await api.worker()).reserve()
    const before = api.raw.jobRows()
    const payload = { queue: 'mails', delay_seconds: 60 }
    expect((await api.as('operator')('PATCH', `jobs/${id}`, { payload })).json()).toMatchObject({ code: 'CONFLICT' })
    expect(api.raw.jobRows()).toEqual(before)
  })

  test('schedules are listed with their next runs, paused, resumed, and run besides their times', async () => {
    await using api = await open({ jobs: [refresh] })
    const at = Date.UTC(2026, 0, 6, 8)
    await api.store.saveSchedule({
      ...{ key: 'cases/nightly', job: 'cases.refresh', queue: 'default', input: '{"hours":24}' },
      ...{ timing: { cron: '0 3 * * *', zone: 'America/Lima' }, missed: 'once', overlap: 'allow', origin: 'config' },
      nextAt: at,
    })
    const list = async () => (await api.as('viewer')('GET', 'schedules')).json().data
    const listed = {
      ...{ key: 'cases/nightly', job: 'cases.refresh', queue: 'default', input: { hours: 24 } },
      ...{ cron: '0 3 * * *', zone: 'America/Lima', every_ms: null, missed: 'once', overlap: 'allow' },
      ...{ origin: 'config', paused_at: null, next_at: iso(at), last_at: null, last_uuid: null },
      next_runs: [0, 1, 2, 3, 4].map((days) => iso(at + days * 86_400_000)),
    }
    expect(await list()).toEqual({ schedules: [listed], count: 1 })

    const act = (verb: string, key = 'cases/nightly') =>
      api.as('operator')('POST', `schedules/${encodeURIComponent(key)}/${verb}`)
    expect((await act('pause')).json()).toEqual({
      ...{ success: true, message: 'Schedule cases/nightly is paused', data: { key: 'cases/nightly' } },
    })
    expect((await list()).schedules).toMatchObject([{ paused_at: iso(api.clock.now()), next_runs: [] }])
    expect((await act('resume')).json().message).toBe('Schedule cases/nightly goes on')
    expect((await list()).schedules).toEqual([listed])

    const run = (await act('run')).json()
    expect(run).toMatchObject({ success: true, message: 'Dispatched the job of schedule cases/nightly' })
    const [row, ...others] = api.raw.jobRows()
    expect(others).toEqual([])
    expect(row).toMatchObject({ queue: 'default', name: 'cases.refresh' })
    expect([uuidOf(row!), inputOf(row!)]).toEqual([run.data.uuid, { hours: 24 }])
    // Its times are as they were.
    expect((await list()).schedules).toMatchObject([{ next_at: iso(at) }])

    for (const verb of ['pause', 'resume', 'run'])
      expect((await act(verb, 'nobody')).json(), verb).toMatchObject({ code: 'NOT_FOUND', status: 404 })
    expect((await api.as('viewer')('POST', 'schedules/cases%2Fnightly/pause')).statusCode).toBe(403)
  })

  test('a bulk action is cancelled on its way: what is done stays done, and the rest stays where it was', async () => {
    await using api = await open()
    for (let at = 0; at < 30; at++) failed(api)
    const begun = await api.as('operator')('POST', 'retry-all-failed', {
      ...{ headers: { prefer: 'respond-async' }, payload: { rate_per_second: 1 } },
    })
    expect(begun.statusCode).toBe(202)
    const { location } = begun.headers as { location: string }
    const id = Number(location.split('/').at(-1))
    const changed = async () => (await api.get(location)).json().data.changed
    await expect.poll(changed, { timeout: 10_000 }).toBeGreaterThan(0)

    const cancelled = (await api.as('operator')('DELETE', location)).json()
    expect(cancelled).toMatchObject({ success: true, message: `Operation ${id} is cancelled` })
    expect(cancelled.data).toMatchObject({ id, kind: 'retry', state: 'cancelled', rate_per_second: 1, error: null })
    expect(cancelled.data.ended_at).not.toBeNull()
    expect((await api.get(location)).json().data.state).toBe('cancelled')
    // A chunk that was under way may end between the two looks.
    await expect.poll(() => api.raw.jobRows().length + api.raw.failedRows().length).toBe(30)
    expect(api.raw.failedRows().length).toBeGreaterThan(0)
    expect((await api.delete(location)).json()).toMatchObject({ code: 'CONFLICT', status: 409 })
    const { entries } = (await api.get('audit?action=operation.cancel')).json().data
    expect(entries.map(({ outcome, target }: { outcome: string; target: string }) => [outcome, target])).toEqual([
      ['refused', `operation:${id}`],
      ['done', `operation:${id}`],
    ])
  })
})

function failed(api: GivenApi): void {
  const job = newJob()
  api.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
}
