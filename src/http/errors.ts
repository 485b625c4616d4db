import { FaenaError } from '../core/errors.ts'
import { API_CODES, type ApiCode, isApiCode } from './codes.ts'

export interface Issue {
  path: string
  message: string
}

interface Details {
  /** What became of it, or what to do about it. */
  detail?: string
  issues?: readonly Issue[]
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

/** A refusal on purpose: code and text are for the caller. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiCode
  readonly detail: string | undefined
  readonly issues: readonly Issue[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ApiCode, message: string, { detail, issues = [], headers = {}, cause }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.detail = detail
    this.issues = issues
    this.headers = headers
  }

  get status(): number {
    return API_CODES[this.code][0]
  }
}

/** Fastify's own refusals, by their code. */
const OF_FASTIFY: Record<string, [ApiCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'The body is larger than allowed'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON: Content-Type: application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST', 'The body is not as long as Content-Length says'],
  FST_ERR_BAD_URL: ['BAD_REQUEST', 'The address is not well-formed'],
  FST_ERR_ASYNC_CONSTRAINT: ['BAD_REQUEST', 'The request is not well-formed'],
  FST_ERR_MAX_PARAM_LENGTH: ['URI_TOO_LONG', 'A part of the address is longer than allowed'],
}

/**
 * What a caller is told of any error. Texts of errors that were not made for callers (a database's, a defect's) stay
 * inside; the log has them.
 */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof FaenaError) return ofFaena(error)
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  const known = typeof code === 'string' ? OF_FASTIFY[code] : undefined
  if (known !== undefined) return new ApiError(known[0], known[1], { cause: error })
  if (error instanceof SyntaxError && statusCode === 400) {
    return new ApiError('BAD_JSON', 'The body is not JSON, or has a key that is not allowed', { cause: error })
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new ApiError('BAD_REQUEST', 'The request is not well-formed', { cause: error })
  }
  return new ApiError('INTERNAL', 'Something went wrong inside', { cause: error })
}

function ofFaena(error: FaenaError): ApiError {
  const { code, message, issues } = error
  if (code === 'STORE_UNAVAILABLE' || code === 'STORE_CLOSED' || code === 'MIGRATION_NEEDED') {
    const detail = error.inDoubt
      ? 'What was asked may have been done all the same: look before asking again.'
      : undefined
    const text = code === 'MIGRATION_NEEDED' ? message : 'The store could not be reached or did not answer in time'
    return new ApiError('STORE_UNAVAILABLE', text, { detail, headers: { 'retry-after': '2' }, cause: error })
  }
  if (code === 'READ_TIMED_OUT') {
    // No Retry-After: the same question would take as long again.
    const detail = 'Ask for less: a narrower filter, a shorter span of time, one queue.'
    return new ApiError(code, 'Reading took longer than it may, and was ended', { detail, cause: error })
  }
  if (isApiCode(code)) return new ApiError(code, message, { issues, cause: error })
  return new ApiError('INTERNAL', 'Something went wrong inside', { cause: error })
}
