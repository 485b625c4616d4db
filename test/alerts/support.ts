import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { onTestFinished } from 'vitest'
import { ALERT_QUEUE } from '../../src/alerts/job.ts'
import { Watch } from '../../src/alerts/watch.ts'
import { alertSource } from '../../src/client/alerts.ts'
import type { AlertsConfig } from '../../src/core/alert-config.ts'
import { type AlertSettings, alertSettings } from '../../src/core/alert-settings.ts'
import { masker } from '../../src/core/mask.ts'
import type { Notice } from '../../src/core/notice.ts'
import type { Store } from '../../src/store.ts'
import { failure, newJobs } from '../support/jobs.ts'
import { ended, startWorker } from '../support/worker.ts'

/** A signing secret as the configuration takes it: 32 bytes. */
export const SIGNING = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export function alertsOf(config: AlertsConfig = {}, env: Record<string, string> = {}): AlertSettings {
  return alertSettings(config, env, 'faena.config.ts')
}

/** One channel that nobody looks at: what was to be told of is seen in its jobs. */
export const TOLD: AlertsConfig = { channels: { ops: { type: 'function', send: () => {} } } }

export function watchOn(store: Store, config: AlertsConfig = TOLD): Watch {
  return new Watch({
    source: alertSource(store),
    settings: alertsOf(config),
    masker: masker(),
    onError: (error) => {
      throw error
    },
  })
}

/** What the jobs of the alerts' queue say, oldest first, with their channel. */
export async function notices(store: Store): Promise<(Notice & { channel: string })[]> {
  const { rows } = await store.list({ queue: ALERT_QUEUE }, { limit: 1_000, order: 'oldest' })
  return rows.map(({ payload }) => {
    const { data } = JSON.parse(payload) as { data: { channel: string; notice: Notice } }
    return { channel: data.channel, ...data.notice }
  })
}

/** `key event` of each alert of each notice. */
export async function toldOf(store: Store): Promise<string[]> {
  return (await notices(store)).flatMap(({ alerts }) =>
    alerts.map(({ subject, rule, event }) => `${rule} ${subject} ${event}`),
  )
}

/** Jobs that fail for good with these texts, of this name. */
export async function fail(store: Store, texts: readonly string[], name = 'orders.sync'): Promise<void> {
  const worker = await startWorker(store)
  await store.push(newJobs(texts.length, () => ({ name })))
  for (let left = texts; left.length > 0; ) {
    const jobs = await worker.reserve({ names: [name], limit: Math.min(left.length, 500) })
    const now = left
    await worker.settle(jobs.map((job, at) => ended(job, { kind: 'failed', failure: failure(job, now[at]) })))
    left = left.slice(jobs.length)
  }
  await store.deregister(worker.id)
}

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Receiver {
  url: string
  received: Received[]
  /** Resolves with the next request that is not yet in `received` when it is called. */
  next(): Promise<Received>
  /** What is answered from now on. */
  answer(status: number, headers?: Record<string, string>, body?: string): void
}

/** An HTTP server on loopback that keeps what it is sent. */
export async function receiver(): Promise<Receiver> {
  const received: Received[] = []
  let [status, headers, body]: [number, Record<string, string>, string] = [200, {}, 'ok']
  let waiting: ((got: Received) => void)[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const got = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
    received.push(got)
    response.writeHead(status, headers).end(body)
    for (const tell of waiting) tell(got)
    waiting = []
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-path`,
    received,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    answer(...given) {
      ;[status, headers = {}, body = ''] = given
    },
  }
}

export interface Mailbox {
  url: string
  mails: { from: string; to: string[]; text: string }[]
}

/** A real SMTP server on loopback that asks for a password. */
export async function mailbox(refuse?: { code: number }): Promise<Mailbox> {
  const mails: Mailbox['mails'] = []
  const server = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (auth, _session, done) =>
      auth.username === 'faena' && auth.password === 'p@ss word'
        ? done(null, { user: 'faena' })
        : done(new Error('no such user')),
    onRcptTo: (_address, _session, done) =>
      refuse === undefined ? done() : done(Object.assign(new Error('not here'), { responseCode: refuse.code })),
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false || mailFrom === null ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  return { url: `smtp://faena:p%40ss%20word@127.0.0.1:${port}?tls=off`, mails }
}
