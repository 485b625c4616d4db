import { type MessagePort, workerData } from 'node:worker_threads'
import pg from 'pg'
import { types } from '../../../src/stores/postgres/client.ts'

/** The thread behind WaitingClient for PostgreSQL. */
const { url, port, signal } = workerData as { url: string; port: MessagePort; signal: Int32Array<SharedArrayBuffer> }
const client = new pg.Client({ connectionString: url, types: types as never })
const connected = client.connect()

port.on('message', async ({ text, values }: { text: string; values: unknown[] }) => {
  try {
    await connected
    const { rows } = await client.query(text, values)
    port.postMessage({ rows })
  } catch (error) {
    port.postMessage({ error: String(error) })
  }
  Atomics.store(signal, 0, 1)
  Atomics.notify(signal, 0)
})
