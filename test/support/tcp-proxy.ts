import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be made to fail as networks do. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** The next statement that holds this text reaches the server; its answer, and all after it, does not come back. */
  cutAfter(text: string): void
  /** The next statement that holds this text reaches the server; nothing passes from then on, and nobody is told. */
  silenceAfter(text: string): void
  /** From now on nothing passes, in either direction, and nobody is told. */
  silence(): void
  /** Cuts all connections; new ones pass. */
  cut(): void
}

export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let marker: Buffer | undefined
  let silent = false
  let silentAfter: Buffer | undefined
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    pairs.clear()
  }
  const server = createServer((client) => {
    const upstream = connect(target)
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    let doomed = false
    client.on('data', (chunk) => {
      if (silent) return
      if (marker && chunk.includes(marker)) {
        marker = undefined
        doomed = true
      }
      upstream.write(chunk)
      if (silentAfter && chunk.includes(silentAfter)) {
        silentAfter = undefined
        silent = true
      }
    })
    upstream.on('data', (chunk) => {
      if (silent) return
      // The server has answered, so it has done what it was told; the answer is lost on the way.
      if (doomed) client.destroy()
      else client.write(chunk)
    })
    for (const [socket, other] of [pair, pair.toReversed()] as [Socket, Socket][]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        if (!silent) other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    cutAfter(text) {
      marker = Buffer.from(text)
    },
    silenceAfter(text) {
      silentAfter = Buffer.from(text)
    },
    silence() {
      silent = true
    },
    cut() {
      silent = false
      cut()
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
    },
  }
}
