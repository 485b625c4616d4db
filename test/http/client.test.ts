import type { AddressInfo } from 'node:net'
import { expect, expectTypeOf, test } from 'vitest'
import { ApiRefusal, apiClient, dataOf } from '../../src/api/index.ts'
import { newJob } from '../support/jobs.ts'
import { memoryApi, token } from './support.ts'

async function served() {
  const api = await memoryApi()
  await api.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.server.server.address() as AddressInfo
  return { ...api, baseUrl: `http://127.0.0.1:${port}` }
}

test('the typed client reads, acts and tells what was refused', async () => {
  await using api = await served()
  const job = newJob()
  const id = api.harness.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
  const client = apiClient({ baseUrl: api.baseUrl, token: () => token({ sub: 'client', role: 'operator' }) })

  const status = dataOf(await client.GET('/api/v1/queue/status'))
  expectTypeOf(status.failed_jobs_count).toEqualTypeOf<number>()
  expect(status.failed_jobs_count).toBe(1)

  const path = { id: String(id) }
  const retried = await client.POST('/api/v1/queue/retry/{id}', { params: { path } })
  expect(retried.data?.message).toBe(`Job ${id} moved back to queue for retry`)
  const again = await client.POST('/api/v1/queue/retry/{id}', { params: { path } })
  expect(() => dataOf(again)).toThrow(expect.objectContaining({ code: 'FAILED_JOB_NOT_FOUND', status: 404 }))

  const refused = await client.POST('/api/v1/queue/clear-failed', { body: { queue: 'default' } })
  expect(refused.error?.code).toBe('FORBIDDEN')
  expect(() => dataOf(refused)).toThrow(ApiRefusal)
})
