import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** How long a doomed connection lives on once the server began to answer, so that what was asked is surely done. */
const DONE_MS = 10

export interface Doom {
  /** A text that the client sends. */
  readonly pattern: RegExp
  readonly chance: number
  readonly how: 'cut' | 'silence'
}

interface Line {
  readonly client: Socket
  readonly server: Socket
  /** Nothing passes any more, in either direction, and neither side is told, not even when the other hangs up. */
  silent: boolean
  /** What happens as soon as the server answers; the answer does not pass. */
  doom: Doom | undefined
  /** What the server said, in order. */
  answers: Promise<void>
}

/** A network between the processes under test and a server on this machine, with the faults that networks have. */
export class FaultyNetwork {
  readonly port: number
  readonly #lines: Set<Line>
  /** The server's answers arrive so much later. */
  latencyMs = 0
  /** What befalls connections after the server did what a text like `pattern` asked for. */
  doom: Doom | undefined
  /** Connections that it befell. */
  doomed = 0
  /** Called with each text that clients send. */
  sent: (text: string) => void = () => {}

  constructor(port: number, lines: Set<Line>) {
    this.port = port
    this.#lines = lines
  }

  /** Cuts each connection with this probability. */
  cut(chance: number): void {
    for (const line of this.#lines) if (!line.silent && Math.random() < chance) hangUp(line)
  }

  /** Half-opens each connection with this probability: packets vanish, and nobody is told. */
  silence(chance: number): void {
    for (const line of this.#lines) if (Math.random() < chance) line.silent = true
  }

  /** From now on everything passes; what is silent stays so. */
  pass(): void {
    this.latencyMs = 0
    this.doom = undefined
  }
}

/** Listens on a free port of the loopback until the test ends. */
export async function startProxy(serverPort: number): Promise<FaultyNetwork> {
  const lines = new Set<Line>()
  const listening = createServer((client) => open(proxy, lines, client, serverPort)).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const proxy = new FaultyNetwork((listening.address() as AddressInfo).port, lines)
  onTestFinished(() => {
    listening.close()
    for (const line of lines) hangUp(line)
  })
  return proxy
}

function open(proxy: FaultyNetwork, lines: Set<Line>, client: Socket, serverPort: number): void {
  const server = connect(serverPort, '127.0.0.1').setNoDelay()
  client.setNoDelay()
  const line: Line = { client, server, silent: false, doom: undefined, answers: Promise.resolve() }
  lines.add(line)
  for (const socket of [client, server]) {
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!line.silent) hangUp(line)
      if (client.destroyed && server.destroyed) lines.delete(line)
    })
  }
  client.on('data', (chunk) => {
    if (line.silent) return
    const { doom } = proxy
    if (doom && Math.random() < doom.chance && doom.pattern.test(chunk.toString('latin1'))) line.doom = doom
    server.write(chunk)
    proxy.sent(chunk.toString('latin1'))
  })
  server.on('data', (chunk) => {
    if (line.doom) befall(proxy, line)
    else later(line, proxy.latencyMs, chunk)
  })
}

function befall(proxy: FaultyNetwork, line: Line): void {
  if (line.silent) return
  line.silent = true
  proxy.doomed++
  if (line.doom?.how === 'cut') setTimeout(() => hangUp(line), DONE_MS)
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
