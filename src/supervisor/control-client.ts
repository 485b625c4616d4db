import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { type ErrorCode, FaenaError } from '../core/errors.ts'
import type { ControlAnswer, ControlRequest } from './control.ts'
import { socketPath } from './socket-path.ts'

/**
 * Asks the supervisor of a data folder and resolves to its answer; `line` is given what it says meanwhile. Undefined where
 * no supervisor runs. Throws what the supervisor refused, and STORE_UNAVAILABLE where it broke off.
 */
export async function askSupervisor<T>(
  folder: string,
  request: ControlRequest,
  line: (text: string) => void = () => {},
): Promise<{ value: T } | undefined> {
  const socket = connect(socketPath(folder))
  const connected = await new Promise<boolean>((resolve, reject) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // No socket, or one that a supervisor left which died.
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false)
      else reject(unreachable(folder, error))
    })
  })
  if (!connected) return undefined
  socket.on('error', () => {})
  socket.write(`${JSON.stringify(request)}\n`)
  for await (const text of createInterface({ input: socket })) {
    const answer = JSON.parse(text) as ControlAnswer
    if (answer.kind === 'line') line(answer.line)
    else {
      socket.destroy()
      if (answer.kind === 'failed') throw new FaenaError(answer.code as ErrorCode, answer.text)
      return { value: answer.value as T }
    }
  }
  // Whoever follows is let go when the supervisor ends.
  if (request.follow === true) return { value: null as T }
  throw new FaenaError('UNSUPPORTED', 'The supervisor ended before it had answered')
}

function unreachable(folder: string, cause: NodeJS.ErrnoException): FaenaError {
  const why =
    cause.code === 'EACCES' || cause.code === 'EPERM' ? 'only the user it runs as may speak to it' : cause.message
  return new FaenaError('UNSUPPORTED', `The supervisor of ${folder} cannot be asked: ${why}`, { cause })
}
