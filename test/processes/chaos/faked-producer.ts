import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Producer } from './producer.ts'

const JOBS = 50
let runs = 0

/** Has a process of its own dispatch delayed jobs, and takes them into the account of `producer`. */
export async function startProducer(url: string, env: Record<string, string>, producer: Producer): Promise<void> {
  const first = 1_000_000 * ++runs
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      new URL('../fixtures/chaos-producer.ts', import.meta.url).pathname,
      ...[url, first, JOBS].map(String),
    ],
    { env: { ...process.env, ...env } },
  )
  const told = JSON.parse(stdout) as { number: number; uuid: string; notBefore: number }[]
  for (const { number, uuid, notBefore } of told) {
    producer.answers.set(number, { told: 'dispatched', uuid })
    producer.notBefore.set(number, notBefore)
    producer.acknowledged.add(uuid)
  }
}
