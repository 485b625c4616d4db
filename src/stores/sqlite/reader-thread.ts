import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { MAY_GO_ON, steadyMs } from './limit.ts'

/** One read; `until` is when nobody waits for it any more, by `steadyMs`. */
export interface Asked {
  number: number
  text: string
  values: readonly unknown[]
  until: number
}

/** `ended`: by us, because its time was over. */
export type Answered =
  | { number: number; rows: Record<string, unknown>[] }
  | { number: number; error: string; ended: boolean }

/** The thread behind ThreadedReader: a read-only connection that answers one statement after the other. */
const database = new DatabaseSync((workerData as { path: string }).path, { readOnly: true })
database.exec('pragma busy_timeout = 5000; pragma cache_size = -8000')

let until = 0
let ended = false

function goOn(): number {
  ended = steadyMs() >= until
  if (ended) throw new Error('its time was over')
  return 1
}

database.function(MAY_GO_ON, goOn)

parentPort?.on('message', (asked: Asked) => {
  const { number, text, values } = asked
  until = asked.until
  ended = false
  let answer: Answered
  try {
    // What waited behind another for too long is not begun.
    goOn()
    const rows = database
      .prepare(text)
      .all(...(values as SQLInputValue[]))
      .map((row) => ({ ...row }))
    answer = { number, rows }
  } catch (error) {
    answer = { number, error: (error as Error).message, ended }
  }
  parentPort?.postMessage(answer)
})
