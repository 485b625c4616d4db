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

/** `ended`: its time was over. */
export type Answered =
  | { number: number; rows: Record<string, unknown>[] }
  | { number: number; error: string; ended: boolean }

/** The thread behind ThreadedReader: a read-only connection that answers one statement after the other. */
const database = new DatabaseSync((workerData as { path: string }).path, { readOnly: true })
database.exec('pragma busy_timeout = 5000; pragma cache_size = -8000')

let until = 0

function goOn(): number {
  if (steadyMs() >= until) throw new Error('its time was over')
  return 1
}

database.function(MAY_GO_ON, goOn)

parentPort?.on('message', (asked: Asked) => {
  const { number, text, values } = asked
  until = asked.until
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
    answer = { number, error: (error as Error).message, ended: steadyMs() >= until }
  }
  parentPort?.postMessage(answer)
})
