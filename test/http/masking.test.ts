import { expect, test } from 'vitest'
import { failedRow } from '../../src/client/rows.ts'
import { masker } from '../../src/core/mask.ts'
import { newJob } from '../support/jobs.ts'
import { eachApi } from './support.ts'

/** Secrets of payloads, exceptions, tags and reasons: who is shown them. */
eachApi('masking', (open) => {
  test('one job is shown in full with secrets masked; in plain to admins only, and that is in the audit', async () => {
    await using api = await open()
    const pushed = await api.job({ input: { order_id: 1, card: '4111 1111', nested: { apiToken: 'abc' } } })
    const masked = await api.as('viewer')('GET', `jobs/${pushed.id}`)
    expect(masked.json().data).toMatchObject({ id: pushed.id, uuid: pushed.uuid, masked: true, order_id: 1 })
    expect(masked.body).not.toContain('4111')
    expect(masked.body).not.toContain('"abc"')

    expect((await api.as('operator')('GET', `jobs/${pushed.id}?unmasked=true`)).statusCode).toBe(403)
    expect((await api.get(`jobs/${pushed.id}?unmasked=true`)).body).toContain('4111 1111')
    const { entries } = (await api.get('audit?action=job.reveal')).json().data
    expect(entries.map(({ subject, outcome, target }: Entry) => [subject, outcome, target])).toEqual([
      ['the admin', 'done', `job:${pushed.id}`],
      ['the operator', 'refused', `job:${pushed.id}`],
    ])
  })

  test('a viewer sees no secret that an exception, a tag, a key, a reason or a bulk action quotes', async () => {
    await using api = await open()
    const exception = `Error: connect to postgres://app:hunter2@db/x failed\n  password=hunter2`
    const long = `Error: ${'far '.repeat(20)}postgres://app:hunter2${'2'.repeat(40)}@db/x`
    const job = newJob({ tags: ['token=hunter2', 'order:5'] })
    const id = api.raw.insertFailed({ uuid: job.uuid, payload: job.payload, exception })
    const other = newJob()
    api.raw.insertFailed({ uuid: other.uuid, payload: other.payload, exception: long })
    const unique = { key: 'sync:token=hunter2' }
    const waiting = await api.job({ queue: 'mails', tags: ['token=hunter2', 'order:5'], unique })
    await api.store.pause('mails', 'password=hunter2 is wrong')
    const begun = await api.as('operator')('POST', 'retry-all-failed', {
      payload: { q: 'password=hunter2', queue: 'none' },
      headers: { prefer: 'respond-async' },
    })
    const { id: operation } = begun.json().data.operation
    const paths = [
      ...[`jobs/${job.uuid}/why`, `jobs/${waiting.id}/why`, `jobs/${waiting.id}`, `failed/${id}`, 'jobs', 'failed'],
      ...['failed/groups', 'failed/export', 'failed/export?format=csv', 'queues'],
      ...['operations', `operations/${operation}`],
    ]
    for (const path of paths) {
      const { statusCode, body } = await api.as('viewer')('GET', path)
      expect([statusCode, body], path).toEqual([200, expect.not.stringContaining('hunter2')])
    }

    const why = (await api.get(`jobs/${job.uuid}/why`)).json().data
    expect(why).toMatchObject({ state: 'failed', reasons: [{ code: 'failed' }] })
    expect(why.reasons[0].text).toContain('postgres://app:***@db/x failed')
    const shown = (await api.get(`jobs/${waiting.id}`)).json().data
    expect(shown).toMatchObject({ tags: ['token=***', 'order:5'], unique_key: expect.stringContaining('token=***') })
    const plain = (await api.get(`jobs/${waiting.id}?unmasked=true`)).json().data
    expect(plain).toMatchObject({ tags: ['token=hunter2', 'order:5'], unique_key: expect.stringContaining('hunter2') })
  })

  test('a first line of hundreds of thousands of characters is not looked through to its end for what a list shows', async () => {
    await using api = await open()
    const { uuid, payload } = newJob()
    api.raw.insertFailed({ uuid, payload, exception: `password=hunter2 ${'x'.repeat(300_000)}` })
    const [failed] = (await api.admin.failed()).rows
    const usual = masker()
    const looked: number[] = []
    const text = (value: string) => {
      looked.push(value.length)
      return usual.text(value)
    }
    const { exception_short } = failedRow(failed!, { surface: [], masker: { ...usual, text } })
    expect(exception_short).toBe(`password=*** ${'x'.repeat(87)}...`)
    expect(Math.max(...looked)).toBe(10_000)
  })
})

interface Entry {
  subject: string
  outcome: string
  target: string
}
