import createClient, { type Client, type ClientOptions } from 'openapi-fetch'
import type { Failure, paths } from './paths.ts'

export type { Failure, paths }

export interface ApiClientOptions extends Pick<ClientOptions, 'fetch' | 'headers' | 'credentials'> {
  /** Where the API is mounted, such as `https://jobs.example.com`, without its /api/v1/queue. */
  baseUrl: string
  /** Sent as bearer token; a function is asked before each request. Left out: the browser's session. */
  token?: string | (() => string | Promise<string>)
}

/** What the API refused, as an error. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }

  /** Stable, never translated. */
  get code(): Failure['code'] {
    return this.failure.code
  }

  get status(): number {
    return this.failure.status
  }
}

/** A client of the management API, typed by its description. Works in browsers and in Node. */
export function apiClient({ token, ...options }: ApiClientOptions): Client<paths> {
  const client = createClient<paths>(options)
  if (token !== undefined) {
    client.use({
      async onRequest({ request }) {
        request.headers.set('authorization', `Bearer ${typeof token === 'string' ? token : await token()}`)
        return request
      },
    })
  }
  return client
}

/**
 * The `data` of an answer, or an ApiRefusal: `const status = dataOf(await client.GET('/api/v1/queue/status'))`. Of bulk actions it is
 * counts, or an `operation` where `Prefer: respond-async` asked for that.
 */
export function dataOf<Body extends { data: unknown }>(answer: {
  data?: Body
  error?: unknown
  response: Response
}): Body['data'] {
  if (answer.data !== undefined) return answer.data.data
  throw isFailure(answer.error)
    ? new ApiRefusal(answer.error)
    : new Error(`The API answered ${answer.response.status} with no refusal of its own`)
}

function isFailure(error: unknown): error is Failure {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error && 'status' in error
}
