import { Agent, request } from 'node:http'
import { tokenOf } from '../served.ts'
import type { Figures, Role } from './list.ts'

/** One of ten requests each, so that four of ten ask for the status: the way a room full of dashboards does. */
const MIX = [
  'status',
  'jobs',
  'status',
  'failed',
  'status',
  'search',
  'groups',
  'status',
  'failedSearch',
  'reserved',
] as const
type Kind = (typeof MIX)[number]

/** Subjects that ask in turn: each stays below what one may ask in a minute. */
const SUBJECTS = 20
const TOLERATED_BEHIND_MS = 10_000

/**
 * A fixed number of requests per second, each begun at its time whether or not those before have been answered; what one took
 * is counted from that time. `orders`: how many orders there are to be searched for.
 */
export const ask: Role = async ({ parameters, ready, go, stop }) => {
  const { port = 0, perSecond = 100, ms = 30_000, warmMs = 3_000, orders = 1 } = parameters
  const took = new Map<Kind, number[]>(MIX.map((kind) => [kind, []]))
  const client = clientOf(port)
  let refused = 0
  let partial = 0
  let stopped = false
  stop.then(() => {
    stopped = true
  })
  ready()
  await go
  const began = performance.now()
  const underWay = new Set<Promise<void>>()
  const count = Math.round(((warmMs + ms) / 1_000) * perSecond)
  for (let at = 0; at < count && !stopped; at++) {
    const due = began + (at * 1_000) / perSecond
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    const kind = MIX[at % MIX.length]!
    const asked = client.get(pathOf(kind, orders), at % SUBJECTS).then(({ status, body }) => {
      if (performance.now() - due > TOLERATED_BEHIND_MS) refused++
      if (status !== 200) refused++
      if (body.includes('"partial":true')) partial++
      if (due - began >= warmMs) took.get(kind)!.push(performance.now() - due)
    })
    underWay.add(asked)
    asked.finally(() => underWay.delete(asked))
  }
  await Promise.all(underWay)
  client.close()
  return { ...spreads(took), refused, partial, requests: count }
}

/** What a panel asks for each second, until it is told to stop. */
export const poll: Role = async ({ parameters, ready, go, stop }) => {
  const { port = 0, everyMs = 1_000 } = parameters
  const client = clientOf(port)
  const kinds: Kind[] = ['status', 'jobs', 'failed', 'groups']
  const took = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]))
  let refused = 0
  let stopped = false
  stop.then(() => {
    stopped = true
  })
  ready()
  await go
  while (!stopped) {
    const from = performance.now()
    await Promise.all(
      kinds.map(async (kind) => {
        const { status } = await client.get(pathOf(kind, 1), 0)
        if (status !== 200) refused++
        took.get(kind)!.push(performance.now() - from)
      }),
    )
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, Math.max(0, from + everyMs - performance.now()))),
      stop,
    ])
  }
  client.close()
  return { ...spreads(took), refused }
}

function pathOf(kind: Kind, orders: number): string {
  const order = 1 + Math.floor(Math.random() * (orders - 1))
  const paths: Record<Kind, string> = {
    status: 'status',
    jobs: 'jobs?status=pending&limit=50',
    failed: 'failed?limit=50',
    reserved: 'jobs?status=reserved',
    search: `jobs?order_id=${order * 4}`,
    failedSearch: `failed?order_id=${order}`,
    groups: 'failed/groups',
  }
  return paths[kind]
}

function clientOf(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const tokens = Array.from({ length: SUBJECTS }, (_, at) => tokenOf(`dashboard ${at}`, 'viewer'))
  return {
    close: () => agent.destroy(),
    get: (path: string, subject: number) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const headers = { authorization: `Bearer ${tokens[subject]}` }
        const asked = request({ port, host: '127.0.0.1', path: `/api/v1/queue/${path}`, agent, headers }, (answer) => {
          let body = ''
          answer.setEncoding('utf8')
          answer.on('data', (part: string) => {
            body += part
          })
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
        })
        asked.on('error', reject)
        asked.end()
      }),
  }
}

function spreads(took: ReadonlyMap<Kind, number[]>): Figures {
  const figures: Figures = {}
  for (const [kind, all] of took) {
    const sorted = all.toSorted((one, other) => one - other)
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
    figures[`${kind}P50`] = at(0.5)
    figures[`${kind}P99`] = at(0.99)
    figures[`${kind}Most`] = at(1)
  }
  return figures
}
