/** Supervisor's states, with its meanings; FATAL is a process of a quarantined pool. */
export type ProcessState = 'STARTING' | 'RUNNING' | 'BACKOFF' | 'STOPPING' | 'STOPPED' | 'FATAL'

/** One line of `faena ps`. */
export interface ProcessRow {
  /** `pool:pool_00`. */
  name: string
  pool: string
  /** Null: those that the handlers' jobs go to. */
  queues: readonly string[] | null
  state: ProcessState
  pid: number | null
  /** Its row in the store, as `faena workers` lists it. */
  worker: number | null
  /** Unix ms. */
  startedAt: number | null
  uptimeMs: number | null
  description: string | null
}

const STATE_WIDTH = 10

/** Lines as `supervisorctl status` prints them: `web:web_00  RUNNING   pid 12345, uptime 0:00:10`. */
export function processLines(rows: readonly ProcessRow[]): string[] {
  const width = Math.max(0, ...rows.map(({ name }) => name.length))
  return rows.map((row) => `${row.name.padEnd(width)}  ${row.state.padEnd(STATE_WIDTH)}${descriptionOf(row)}`.trimEnd())
}

function descriptionOf({ state, pid, uptimeMs, description }: ProcessRow): string {
  return state === 'RUNNING' ? `pid ${pid}, uptime ${uptime(uptimeMs ?? 0)}` : (description ?? '')
}

/** `0:00:10`, `1 day, 2:03:04`. */
export function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const days = Math.floor(seconds / 86_400)
  const two = (value: number) => String(value).padStart(2, '0')
  const time = `${Math.floor(seconds / 3_600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return days === 0 ? time : `${days} ${days === 1 ? 'day' : 'days'}, ${time}`
}
