import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { isPublicAddress, type Reachable } from '../core/networks.ts'
import { NotTold } from './not-told.ts'
import { orAborted } from './or-aborted.ts'

export interface PostOptions {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** What may be reached although it is not public. */
  reachable: Reachable
  /** Of the whole call. */
  timeoutMs?: number
  signal?: AbortSignal
  /** Looks a name up; for tests. */
  resolve?: (host: string) => Promise<string[]>
}

const TIMEOUT_MS = 10_000
const MOST_BYTES = 64 * 1_024
/** Worth another attempt: what will say something else by itself. */
const PASSING = new Set([408, 425, 429])

/**
 * Posts to a place outside, and nowhere else: the name is looked up once, every address it has must be one that may be
 * reached, and the connection goes to those very addresses, so that a name cannot lead inside by changing its mind between
 * the check and the call. Where one takes no connection, the next is tried, all within the same time. A redirect is an
 * answer like any other that is not 2xx. What the other side says is not passed on.
 */
export async function safePost(options: PostOptions): Promise<void> {
  const { timeoutMs = TIMEOUT_MS } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const until = performance.now() + timeoutMs
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  const url = new URL(options.url)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  try {
    const addresses = await allowedAddresses(url, host, options, signal)
    const { status, retryAfterMs } = await postToOne(url, host, addresses, options, signal, until)
    if (status >= 200 && status < 300) return
    throw new NotTold(`${host} answered ${status}`, {
      final: status < 500 && !PASSING.has(status),
      retryAfterMs,
    })
  } catch (error) {
    if (error instanceof NotTold) throw error
    if (timeout.aborted) throw new NotTold(`${host} did not answer within ${timeoutMs} ms`)
    throw new NotTold(`${host} could not be reached: ${codeOf(error)}`)
  }
}

async function allowedAddresses(url: URL, host: string, options: PostOptions, signal: AbortSignal): Promise<string[]> {
  const { reachable, resolve = lookUp } = options
  const known = reachable.host(host)
  const addresses = isIP(host) > 0 ? [host] : await orAborted(resolve(host), signal)
  const refused = known ? undefined : addresses.find((one) => !isPublicAddress(one) && !reachable.address(one))
  if (refused !== undefined || addresses.length === 0) {
    throw new NotTold(`${host} is at an address that is not public, and alerts.allowPrivate does not name it`, {
      final: true,
    })
  }
  const allowed = url.protocol === 'https:' || known ? addresses : addresses.filter((one) => reachable.address(one))
  if (allowed.length === 0) {
    throw new NotTold(`${host} is to be reached by http; allowed: https, and http to what alerts.allowPrivate names`, {
      final: true,
    })
  }
  return allowed
}

async function lookUp(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

interface Said {
  status: number
  retryAfterMs: number | null
}

interface Connecting {
  /** What it may take, beyond the time of the whole call. */
  ms: number | null
  /** The connection stood. */
  done: boolean
}

/** To the first address that takes the connection: from then on it may have been told, and no other is. */
async function postToOne(
  url: URL,
  host: string,
  addresses: readonly string[],
  options: PostOptions,
  signal: AbortSignal,
  until: number,
): Promise<Said> {
  for (let at = 0; ; at++) {
    const left = addresses.length - at
    // One that swallows what is sent to it leaves their share of the time to the others.
    const connecting: Connecting = { ms: left === 1 ? null : (until - performance.now()) / left, done: false }
    try {
      return await post(url, host, addresses[at]!, options, signal, connecting)
    } catch (error) {
      if (connecting.done || left === 1 || signal.aborted) throw error
    }
  }
}

function post(
  url: URL,
  host: string,
  address: string,
  { headers, body }: PostOptions,
  signal: AbortSignal,
  connecting: Connecting,
): Promise<Said> {
  const secure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const call = (secure ? httpsRequest : httpRequest)({
      method: 'POST',
      // The address, not the name: nobody looks it up again.
      host: address,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, 'user-agent': 'faena', 'content-length': String(Buffer.byteLength(body)), ...headers },
      ...(secure && isIP(host) === 0 && { servername: host }),
      agent: false,
      maxHeaderSize: 16 * 1_024,
      signal,
    })
    const tooLong = () => call.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' }))
    const timer = connecting.ms === null ? undefined : setTimeout(tooLong, Math.max(connecting.ms, 0))
    call.once('socket', (socket) =>
      socket.once('connect', () => {
        connecting.done = true
        clearTimeout(timer)
      }),
    )
    call.once('close', () => clearTimeout(timer))
    call.once('error', reject)
    call.once('response', (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        // Its status has been said: more of it is not waited for.
        if (bytes > MOST_BYTES) response.destroy()
      })
      const answered = () =>
        resolve({ status: response.statusCode ?? 0, retryAfterMs: retryAfter(response.headers['retry-after']) })
      response.once('close', () => (signal.aborted ? reject(new Error('aborted')) : answered()))
      response.once('error', () => {})
    })
    call.end(body)
  })
}

function retryAfter(text: string | undefined): number | null {
  const seconds =
    text === undefined ? Number.NaN : /^\d{1,6}$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, 3_600_000) : null
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return typeof code === 'string' ? code : String(message)
}
