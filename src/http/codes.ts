/**
 * Every code a refusal of the HTTP API may carry: stable and never translated. Errors of Faena itself keep their code where
 * it is listed here. docs/reference/http-api.md has the same list (a test compares).
 */
export const API_CODES = {
  BAD_ARGUMENT: [400, 'A parameter or a value of the body is not allowed.'],
  BAD_SCHEDULE: [400, 'A schedule has an expression, a zone or a policy that is not allowed.'],
  BAD_JSON: [400, 'The body is not JSON.'],
  BAD_REQUEST: [400, 'The request is not well-formed.'],
  UNAUTHENTICATED: [401, 'No valid token or session came with the request.'],
  TOKEN_EXPIRED: [401, 'The token or session has ended.'],
  TOKEN_REVOKED: [401, 'The token was revoked.'],
  BAD_CREDENTIALS: [401, 'The user name or the password is wrong.'],
  FORBIDDEN: [403, 'The role is too small for this route.'],
  CROSS_SITE_REQUEST: [403, 'A session from another site may not act.'],
  ROUTE_NOT_FOUND: [404, 'There is no such route.'],
  JOB_NOT_FOUND: [404, 'No waiting or running job has this id.'],
  FAILED_JOB_NOT_FOUND: [404, 'No failed job has this id.'],
  NOT_FOUND: [404, 'Nothing has this id or name.'],
  UNKNOWN_JOB: [404, 'No definition of this name is known here.'],
  METHOD_NOT_ALLOWED: [405, 'The route does not know this method.'],
  NOT_ACCEPTABLE: [406, 'The answer exists in no form that was asked for.'],
  REQUEST_TIMED_OUT: [408, 'The request came too slowly.'],
  UNIQUE_KEY_TAKEN: [409, 'Another live job holds the unique key.'],
  DUPLICATE_UUID: [409, 'A job with this uuid is already stored.'],
  CONFLICT: [409, 'What was asked does not fit the state of things.'],
  IDEMPOTENCY_KEY_IN_USE: [409, 'A request with this Idempotency-Key is still under way.'],
  PAYLOAD_TOO_LARGE: [413, 'The body or the job is larger than allowed.'],
  URI_TOO_LONG: [414, 'The address is longer than allowed.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body must be JSON.'],
  INVALID_INPUT: [422, "A job's input does not match its schema."],
  IDEMPOTENCY_KEY_REUSED: [422, 'The Idempotency-Key came before with another request.'],
  RATE_LIMITED: [429, 'Too many requests; Retry-After says how long to wait.'],
  HEADERS_TOO_LARGE: [431, 'The headers are larger than allowed.'],
  INTERNAL: [500, 'Something went wrong inside; the log has it under the requestId.'],
  UNSUPPORTED: [501, 'This installation cannot do what was asked.'],
  STORE_UNAVAILABLE: [503, 'The store could not be reached or did not answer in time.'],
  READ_TIMED_OUT: [503, 'A list, a search or a count took longer than it may; the store ended it.'],
  KEYS_UNAVAILABLE: [503, 'The key set that tokens are checked with could not be fetched.'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ApiCode = keyof typeof API_CODES

export function isApiCode(code: unknown): code is ApiCode {
  return typeof code === 'string' && Object.hasOwn(API_CODES, code)
}
