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
 * reached, and the connection goes to that very address, so that a name cannot lead inside by changing its mind between the
 * check and the call. A redirect is an answer like any other that is not 2xx. What the other side says is not passed on.
 */
export async function safePost(options: PostOptions): Promise<void> {
  const { timeoutMs = TIMEOUT_MS } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  const url = new URL(options.url)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  try {
    const address = await allowedAddress(url, host, options, signal)
    const { status, retryAfterMs } = await post(url, host, address, options, signal)
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

async function allowedAddress(url: URL, host: string, options: PostOptions, signal: AbortSignal): Promise<string> {
  const { reachable, resolve = lookUp } = options
  const known = reachable.host(host)
  const addresses = isIP(host) > 0 ? [host] : await orAborted(resolve(host), signal)
  const refused = known ? undefined : addresses.find((one) => !isPublicAddress(one) && !reachable.address(one))
  if (refused !== undefined || addresses.length === 0) {
    throw new NotTold(`${host} is at an address that is not public, and alerts.allowPrivate does not name it`, {
      final: true,
    })
  }
  const address = addresses[0]!
  if (url.protocol !== 'https:' && !known && !reachable.address(address)) {
    throw new NotTold(`${host} is to be reached by http; allowed: https, and http to what alerts.allowPrivate names`, {
      final: true,
    })
  }
  return address
}

async function lookUp(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

function post(
  url: URL,
  host: string,
  address: string,
  { headers, body }: PostOptions,
  signal: AbortSignal,
): Promise<{ status: number; retryAfterMs: number | null }> {
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
