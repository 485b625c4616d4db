/**
 * Every error Faena throws on purpose, by code. A code is stable, is never translated, and has a line in
 * docs/reference/errors.md (a test compares the two lists).
 */
export const ERROR_CODES = {
  BAD_CONFIGURATION: 'A setting has a value that is not allowed.',
  BAD_ARGUMENT: 'An argument of a call or of a command is not allowed.',
  BAD_SCHEDULE: 'A schedule has an expression, a zone or a policy that is not allowed.',
  INVALID_INPUT: "A job's input does not match its schema or is not plain JSON.",
  PAYLOAD_TOO_LARGE: "A job's payload is larger than the configured limit.",
  CORRUPT_PAYLOAD: 'A row in jobs holds a payload that is not a JSON object with a job.',
  UNKNOWN_JOB: 'No handler or definition of this name is known here.',
  DUPLICATE_UUID: 'A job with this uuid is already stored.',
  NOT_FOUND: 'No job, failed job, schedule or worker has this id.',
  UNIQUE_KEY_TAKEN: 'Another live job holds the unique key.',
  LEASE_LOST: 'The worker lost its lease on the job; somebody else may run it now.',
  STORE_UNAVAILABLE: 'The store could not be reached or did not answer in time.',
  READ_TIMED_OUT: 'A list, a search or a count took longer than it may; the store ended it.',
  STORE_UNSAFE: 'The store is set up in a way that could lose or corrupt jobs.',
  STORE_CLOSED: 'The store was closed.',
  MIGRATION_NEEDED: "The store's tables are missing or older than this version of Faena.",
  MIGRATION_FAILED: 'A migration did not apply; what was done before it stays.',
  MAX_ATTEMPTS_EXCEEDED: 'The job was attempted too many times.',
  JOB_TIMED_OUT: 'An attempt ran longer than its timeout.',
  JOB_CRASHED_WORKERS: 'Workers were lost while they held this job, the last while it ran.',
  JOB_FAILED: 'The job that was waited for failed for good.',
  NOT_COMMITTED: 'A handler called complete(tx) and returned, but did not commit that transaction.',
  JOB_CANCELLED: 'The job was cancelled while it ran.',
  WORKER_STOPPING: 'The worker stops before the job ended; the job goes back to its queue with its attempt.',
  WAIT_TIMED_OUT: 'The job did not end within the time that was waited for it.',
  UNSUPPORTED: 'This store or connection cannot do what was asked.',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** One error class for the whole of Faena: `code` says what happened, `message` what to do about it. */
export class FaenaError extends Error {
  override readonly name = 'FaenaError'
  readonly code: ErrorCode
  /** For STORE_UNAVAILABLE of a push or settle: whether what was asked may have been stored all the same. */
  readonly inDoubt: boolean
  /** Which inputs are at fault and why, where that is known. */
  readonly issues: readonly { path: string; message: string }[]

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; inDoubt?: boolean; issues?: readonly { path: string; message: string }[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.inDoubt = options.inDoubt ?? false
    this.issues = options.issues ?? []
  }
}

/** Says that `name` was `value`, and what is allowed instead; the text of every rejected option. */
export function notAllowed(code: ErrorCode, name: string, value: unknown, allowed: string): FaenaError {
  return new FaenaError(code, `${name} is ${shown(value)}; allowed: ${allowed}`, {
    issues: [{ path: name, message: `allowed: ${allowed}` }],
  })
}

export function isFaenaError(error: unknown, code?: ErrorCode): error is FaenaError {
  return error instanceof FaenaError && (code === undefined || error.code === code)
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  let text: string
  try {
    text = JSON.stringify(value) ?? String(value)
  } catch {
    text = String(value)
  }
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
