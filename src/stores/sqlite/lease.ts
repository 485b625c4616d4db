import type { Heartbeat, HeartbeatAnswer, NewWorker, WorkerCommand } from '../../store.ts'
import { renewedAfterSeconds } from '../sql/retry-after.ts'
import { type Context, idList, secondOf } from './context.ts'
import { forgiveCrashes } from './crashes.ts'

const GIVE_BACK = 'reserved_at = null, reserved_by = null, attempts = max(attempts - 1, 0)'

/** A worker's life: its row and its heartbeats. */
export function leasing(context: Context) {
  const { connection, now } = context

  return {
    async register(worker: NewWorker): Promise<number> {
      return connection.write('normal', () => {
        const at = now()
        if (worker.replaces !== undefined)
          connection.run('update faena_workers set lease_until = 0 where id = ?', worker.replaces)
        const { lastInsertRowid } = connection
          .prepare(
            `insert into faena_workers (name, host, pid, version, queues, job_names, concurrency, default_tries, started_at, beat_at, lease_until)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          )
          .run(
            worker.name,
            worker.host,
            worker.pid,
            worker.version,
            JSON.stringify(worker.queues),
            worker.names === undefined ? null : JSON.stringify(worker.names),
            worker.concurrency,
            worker.defaultTries ?? 0,
            at,
            at,
            at + worker.leaseMs,
          )
        return Number(lastInsertRowid)
      })
    },

    async deregister(worker: number): Promise<number> {
      const given = await connection.write('full', () => {
        const count = connection.run(
          `update jobs set ${GIVE_BACK} where reserved_by = ? and reserved_at is not null`,
          worker,
        )
        connection.run('delete from faena_workers where id = ?', worker)
        forgiveCrashes(context, worker)
        return count
      })
      if (given > 0) context.wake()
      return given
    },

    async heartbeat(beat: Heartbeat): Promise<HeartbeatAnswer> {
      const retryAfterMs = beat.held.length > 0 ? await context.retryAfter.ms() : undefined
      return connection.write('normal', () => {
        const at = now()
        const row = connection.get(
          'select command from faena_workers where id = ? and lease_until > ?',
          beat.worker,
          at,
        )
        if (!row) return { lost: true, gone: beat.held.map(({ id }) => id), command: null }
        connection.run(
          `update faena_workers set lease_until = ?, beat_at = ?, running = ?, memory_bytes = ?, state = ?, command = null where id = ?`,
          at + beat.leaseMs,
          at,
          beat.running,
          Math.round(beat.memoryBytes),
          beat.state,
          beat.worker,
        )
        if (retryAfterMs !== undefined) renew(context, beat, retryAfterMs)
        return { lost: false, gone: gone(context, beat), command: row.command as WorkerCommand | null }
      })
    },
  }
}

function gone({ connection }: Context, { worker, held }: Heartbeat): number[] {
  if (held.length === 0) return []
  const rows = connection.all(
    'select id, attempts from jobs not indexed where id in (select value from json_each(?)) and reserved_by = ?',
    idList(held.map(({ id }) => id)),
    worker,
  )
  const mine = new Map(rows.map((row) => [row.id as number, row.attempts as number]))
  return held.filter(({ id, attempts }) => mine.get(id) !== attempts).map(({ id }) => id)
}

/** PHP's workers take what has been reserved for longer than their `retry_after`, whatever lease it is under. */
function renew({ connection, now }: Context, { worker, held }: Heartbeat, retryAfterMs: number): void {
  const second = secondOf(now())
  connection.run(
    `update jobs set reserved_at = ? where id in (select value from json_each(?)) and reserved_by = ? and reserved_at <= ?`,
    second,
    idList(held.map(({ id }) => id)),
    worker,
    second - renewedAfterSeconds(retryAfterMs),
  )
}
