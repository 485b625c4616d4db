import { type MessagePort, workerData } from 'node:worker_threads'
import pg from 'pg'
import { types } from '../../../src/stores/postgres/client.ts'

/** The thread behind WaitingClient for PostgreSQL. */
const { url, port, answered } = workerData as {
  url: string
  port: MessagePort
  answered: Int32Array<SharedArrayBuffer>
}
const client = new pg.Client({ connectionString: url, types: types as never })
const connected = client.connect()

port.on('message', async ({ number, text, values }: { number: number; text: string; values: unknown[] }) => {
  try {
    await connected
    const { rows } = await client.query(text, values)
    port.postMessage({ number, rows })
  } catch (error) {
    port.postMessage({ number, error: String(error) })
  }
  Atomics.store(answered, 0, number)
  Atomics.notify(answered, 0)
})
