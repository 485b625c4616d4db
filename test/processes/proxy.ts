import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** How long a doomed connection lives on once the server began to answer, so that what was asked is surely done. */
const DONE_MS = 10

interface Line {
  readonly client: Socket
  readonly server: Socket
  /** Nothing passes any more, in either direction, and neither side is told. */
  silent: boolean
  /** Cut as soon as the server answers; the answer does not pass. */
  doomed: boolean
  /** What the server said, in order. */
  answers: Promise<void>
}

/** A network between the processes under test and a server on this machine, with the faults that networks have. */
export class Proxy {
  readonly port: number
  readonly #lines: Set<Line>
  /** The server's answers arrive so much later. */
  latencyMs = 0
  /** With this probability a connection on which a text like `pattern` was sent is cut after the server did what was asked. */
  doom: { pattern: RegExp; chance: number } | undefined
  /** Connections cut after the server had done what was asked. */
  doomed = 0

  constructor(port: number, lines: Set<Line>) {
    this.port = port
    this.#lines = lines
  }

  /** Cuts each connection with this probability. Answers how many. */
  cut(chance = 1): number {
    const lines = [...this.#lines].filter(() => Math.random() < chance)
    for (const line of lines) hangUp(line)
    return lines.length
  }

  /** Half-opens each connection with this probability: packets vanish, and nobody is told. Answers how many. */
  silence(chance = 1): number {
    const lines = [...this.#lines].filter((line) => !line.silent && Math.random() < chance)
    for (const line of lines) line.silent = true
    return lines.length
  }

  /** From now on everything passes; what is silent stays so. */
  pass(): void {
    this.latencyMs = 0
    this.doom = undefined
  }
}

/** Listens on a free port of the loopback until the test ends. */
export async function startProxy(serverPort: number): Promise<Proxy> {
  const lines = new Set<Line>()
  const listening = createServer((client) => open(proxy, lines, client, serverPort)).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const proxy = new Proxy((listening.address() as AddressInfo).port, lines)
  onTestFinished(() => {
    listening.close()
    proxy.cut()
  })
  return proxy
}

function open(proxy: Proxy, lines: Set<Line>, client: Socket, serverPort: number): void {
  const server = connect(serverPort, '127.0.0.1').setNoDelay()
  client.setNoDelay()
  const line: Line = { client, server, silent: false, doomed: false, answers: Promise.resolve() }
  lines.add(line)
  for (const socket of [client, server]) {
    socket.on('error', () => {})
    socket.on('close', () => {
      lines.delete(line)
      hangUp(line)
    })
  }
  client.on('data', (chunk) => {
    if (line.silent) return
    const { doom } = proxy
    if (doom && Math.random() < doom.chance && doom.pattern.test(chunk.toString('latin1'))) line.doomed = true
    server.write(chunk)
  })
  server.on('data', (chunk) => {
    if (line.doomed) {
      if (!line.silent) setTimeout(() => hangUp(line), DONE_MS)
      if (!line.silent) proxy.doomed++
      line.silent = true
    } else later(line, proxy.latencyMs, chunk)
  })
}

/** In the order in which they came, whatever the latency was for each. */
function later(line: Line, latencyMs: number, chunk: Buffer): void {
  const at = performance.now() + latencyMs
  line.answers = line.answers.then(async () => {
    const left = at - performance.now()
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
    if (!line.silent && !line.client.destroyed) line.client.write(chunk)
  })
}

function hangUp({ client, server }: Line): void {
  client.destroy()
  server.destroy()
}
