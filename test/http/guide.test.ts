import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { memoryApi, token } from './support.ts'

/** The guide's lines for the shell do what the guide says: each is run as it stands there. */
const run = promisify(execFile)

test.each(['guide', 'es'])('every curl line of docs/%s/http-api.md is answered with success', async (folder) => {
  await using api = await memoryApi()
  await api.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.server.server.address() as AddressInfo
  const { store, raw } = api.harness
  await store.push([newJob({ queue: 'netsuite', input: { order_id: 803196 } })])
  for (const order_id of [803193, 803194]) {
    const job = newJob({ input: { order_id } })
    raw.insertFailed({ uuid: job.uuid, payload: job.payload, exception: 'PDOException: MySQL server has gone away' })
  }
  const env = {
    PATH: process.env.PATH,
    TOKEN: token({ sub: 'guide', role: 'operator' }),
    API: `http://127.0.0.1:${port}/api/v1/queue`,
  }
  const page = readFileSync(new URL(`../../docs/${folder}/http-api.md`, import.meta.url), 'utf8')
  const lines = [...page.matchAll(/^```sh run\n([\s\S]*?)^```/gm)].flatMap(([, block]) => block!.trim().split('\n'))
  expect(lines.length).toBeGreaterThan(8)
  for (const line of lines) {
    const { stdout } = await run('sh', ['-c', line.replace(/^curl /, 'curl -sS ')], { env })
    expect(JSON.parse(stdout), line).toMatchObject({ success: true })
  }
})
