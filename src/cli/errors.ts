import { type ErrorCode, isFaenaError } from '../core/errors.ts'
import { EXIT } from '../supervisor/exit-codes.ts'

const USAGE: readonly ErrorCode[] = [
  'BAD_CONFIGURATION',
  'BAD_ARGUMENT',
  'BAD_SCHEDULE',
  'INVALID_INPUT',
  'PAYLOAD_TOO_LARGE',
]
const NOT_FOUND: readonly ErrorCode[] = ['NOT_FOUND', 'UNKNOWN_JOB']

export function exitCodeFor(error: unknown): number {
  if (!isFaenaError(error)) return EXIT.error
  if (USAGE.includes(error.code)) return EXIT.usage
  if (NOT_FOUND.includes(error.code)) return EXIT.notFound
  return EXIT.error
}

/** What stderr says of an error: one line with its code for those we throw; all there is of one nobody expected. */
export function errorText(error: unknown, verbose: boolean): string {
  if (isFaenaError(error)) {
    const line = `faena: ${error.code}: ${error.message}`
    const causes = verbose ? causeLines(error.cause) : causeLine(error.cause, error.message)
    return `${line}${causes}`
  }
  if (error instanceof Error)
    return `faena: unexpected error: ${error.stack ?? error.message}${causeLines(error.cause)}`
  return `faena: unexpected error: ${String(error)}`
}

/** The reason beneath, unless the message repeats it already. */
function causeLine(cause: unknown, text: string): string {
  if (!(cause instanceof Error) || cause.message === '' || text.includes(cause.message)) return ''
  return ` (${cause.message.split('\n', 1)[0]})`
}

function causeLines(cause: unknown): string {
  return cause instanceof Error ? `\n  caused by ${cause.stack ?? cause.message}${causeLines(cause.cause)}` : ''
}
