import { createHash } from 'node:crypto'
import { join, relative, resolve } from 'node:path'
import { FaenaError } from '../core/errors.ts'

/** What a socket's address may hold on Linux is 107 bytes, on macOS 103. */
const LONGEST = 100

/** Where the supervisor of a data folder listens: a socket in it; on Windows, which has none in folders, a named pipe. */
export function socketPath(folder: string, platform: NodeJS.Platform = process.platform): string {
  const whole = resolve(folder, 'supervisor.sock')
  if (platform === 'win32') {
    const hash = createHash('sha256').update(whole.toLowerCase()).digest('hex').slice(0, 32)
    return `\\\\.\\pipe\\faena-${hash}`
  }
  if (Buffer.byteLength(whole) <= LONGEST) return whole
  const short = relative(process.cwd(), whole) || join('.', 'supervisor.sock')
  if (Buffer.byteLength(short) <= LONGEST) return short
  throw new FaenaError(
    'BAD_CONFIGURATION',
    `The data folder ${folder} is too deep for a socket, whose path may have ${LONGEST} bytes; FAENA_DATA names another`,
  )
}
