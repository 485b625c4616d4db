import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/** The thread behind ThreadedReader: a read-only connection that answers one statement after the other. */
const database = new DatabaseSync((workerData as { path: string }).path, { readOnly: true })
database.exec('pragma busy_timeout = 5000; pragma cache_size = -8000')

parentPort?.on('message', ({ number, text, values }: { number: number; text: string; values: SQLInputValue[] }) => {
  try {
    const rows = database
      .prepare(text)
      .all(...values)
      .map((row) => ({ ...row }))
    parentPort?.postMessage({ number, rows })
  } catch (error) {
    parentPort?.postMessage({ number, error: (error as Error).message })
  }
})
