import { type MessagePort, workerData } from 'node:worker_threads'
import mysql from 'mysql2/promise'

/** The thread behind WaitingClient for MySQL and MariaDB. */
const { url, port, answered } = workerData as {
  url: string
  port: MessagePort
  answered: Int32Array<SharedArrayBuffer>
}
const connecting = mysql.createConnection({ uri: url, dateStrings: true, multipleStatements: true })

port.on('message', async ({ number, text, values }: { number: number; text: string; values: unknown[] }) => {
  try {
    const [result] = await (await connecting).query(text, values)
    // What an insert answers has the form of a row: its id.
    port.postMessage({ number, rows: Array.isArray(result) ? result : [{ id: result.insertId }] })
  } catch (error) {
    port.postMessage({ number, error: String(error) })
  }
  Atomics.store(answered, 0, number)
  Atomics.notify(answered, 0)
})
