import { type MessagePort, workerData } from 'node:worker_threads'
import mysql from 'mysql2/promise'

/** The thread behind WaitingClient for MySQL and MariaDB. */
const { url, port, signal } = workerData as { url: string; port: MessagePort; signal: Int32Array<SharedArrayBuffer> }
const connecting = mysql.createConnection({ uri: url, dateStrings: true, multipleStatements: true })

port.on('message', async ({ text, values }: { text: string; values: unknown[] }) => {
  try {
    const [result] = await (await connecting).query(text, values)
    // What an insert answers has the form of a row: its id.
    port.postMessage({ rows: Array.isArray(result) ? result : [{ id: result.insertId }] })
  } catch (error) {
    port.postMessage({ error: String(error) })
  }
  Atomics.store(signal, 0, 1)
  Atomics.notify(signal, 0)
})
