import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { FaenaError, isFaenaError } from '../core/errors.ts'
import { CONTROL_COMMANDS, type ControlAnswer, type ControlRequest, LONGEST_REQUEST } from './control.ts'
import { socketPath } from './socket-path.ts'
import type { Supervisor } from './supervisor.ts'

/** A reader that takes nothing for so many bytes is let go: a follower must not fill the supervisor's memory. */
const MOST_UNREAD = 4 * 1_024 * 1_024

/** Takes commands for the supervisor from whoever may open the socket: its owner alone (mode 600). */
export class ControlServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #path: string

  private constructor(path: string, server: Server) {
    this.#path = path
    this.#server = server
  }

  /** Only the holder of the folder's lock may call it: a socket that lies there is of one that died. */
  static async listen(folder: string, supervisor: Supervisor): Promise<ControlServer> {
    const path = socketPath(folder)
    const isFile = process.platform !== 'win32'
    if (isFile) rmSync(path, { force: true })
    const server = createServer()
    const control = new ControlServer(path, server)
    server.on('connection', (socket) => control.#serve(socket, supervisor))
    // The socket is made in this very call: there is no moment at which others could open it.
    const umask = isFile ? process.umask(0o177) : 0
    try {
      const listening = new Promise<void>((resolve, reject) => {
        server.once('listening', resolve)
        server.once('error', reject)
      })
      server.listen(path)
      if (isFile) process.umask(umask)
      await listening
    } catch (cause) {
      throw new FaenaError('BAD_CONFIGURATION', `The socket ${path} cannot be made: ${(cause as Error).message}`, {
        cause,
      })
    } finally {
      if (isFile) process.umask(umask)
    }
    if (isFile) chmodSync(path, 0o600)
    return control
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // Answers that were given are read to their end; who only follows is let go.
    for (const socket of this.#sockets) socket.end()
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())])
    for (const socket of this.#sockets) socket.destroy()
    if (process.platform !== 'win32') rmSync(this.#path, { force: true })
  }

  #serve(socket: Socket, supervisor: Supervisor): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    let asked = false
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      if (asked) return
      text += chunk
      const end = text.indexOf('\n')
      if (end === -1 && text.length > LONGEST_REQUEST) socket.destroy()
      if (end === -1) return
      asked = true
      void answer(text.slice(0, end), socket, supervisor)
    })
  }
}

async function answer(text: string, socket: Socket, supervisor: Supervisor): Promise<void> {
  const give = (one: ControlAnswer) => {
    if (socket.writableLength > MOST_UNREAD) socket.destroy()
    else if (socket.writable) socket.write(`${JSON.stringify(one)}\n`)
  }
  try {
    const request = requestOf(text)
    const say = (line: string) => give({ kind: 'line', line })
    if (request.command === 'tail') return tail(request, socket, supervisor, give)
    give({ kind: 'done', value: await carryOut(request, supervisor, say) })
  } catch (error) {
    const code = isFaenaError(error) ? error.code : 'UNSUPPORTED'
    give({ kind: 'failed', code, text: (error as Error).message })
  }
  socket.end()
}

async function carryOut(
  { command, names }: ControlRequest,
  supervisor: Supervisor,
  say: (line: string) => void,
): Promise<unknown> {
  switch (command) {
    case 'ps':
      return supervisor.rows(names)
    case 'start':
      return { failed: await supervisor.startNamed(names, say) }
    case 'stop':
      await supervisor.stopNamed(names, say)
      return { failed: 0 }
    case 'restart':
      return { failed: await supervisor.restartNamed(names, say) }
    case 'reread':
      return supervisor.reread()
    case 'update':
      return { failed: await supervisor.update(say) }
    default:
      supervisor.stop()
      return { failed: 0 }
  }
}

function tail(
  { names, lines = 20, follow = false }: ControlRequest,
  socket: Socket,
  supervisor: Supervisor,
  give: (answer: ControlAnswer) => void,
): void {
  const log = supervisor.logOf(names[0] ?? '')
  for (const line of log.last(lines)) give({ kind: 'line', line })
  if (follow) {
    const end = log.follow((line) => give({ kind: 'line', line }))
    socket.once('close', end)
    socket.once('end', () => socket.destroy())
    return
  }
  give({ kind: 'done', value: null })
  socket.end()
}

function requestOf(text: string): ControlRequest {
  let request: ControlRequest
  try {
    request = JSON.parse(text) as ControlRequest
  } catch {
    throw new FaenaError('BAD_ARGUMENT', 'A request to the supervisor is one line of JSON')
  }
  const { command, names } = request ?? {}
  if (!CONTROL_COMMANDS.includes(command)) {
    throw new FaenaError('BAD_ARGUMENT', `command is ${command}; allowed: ${CONTROL_COMMANDS.join(', ')}`)
  }
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string'))
    throw new FaenaError('BAD_ARGUMENT', 'names is to be a list of texts')
  return request
}
