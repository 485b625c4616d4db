import type { Heartbeat, HeartbeatAnswer, NewWorker, WorkerCommand } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import { numberArray } from './client.ts'
import { LONG } from './connection.ts'
import { type Context, nowMs } from './context.ts'

/** What a job is given back with: its attempt is restored. */
export const GIVE_BACK = raw('reserved_at = null, reserved_by = null, attempts = greatest(attempts - 1, 0)')

/** Jobs came back that may stand before others. */
export function returned(context: Context): void {
  context.floors.lower()
  context.wake()
}

/** A worker's life: its row and its heartbeats. */
export function leasing(context: Context) {
  const { connection, names } = context
  const workers = raw(names.own('workers'))
  const jobs = raw(names.jobs)

  return {
    async register(worker: NewWorker): Promise<number> {
      const now = nowMs(context)
      const [row] = await connection.query(
        'lease',
        sql`
        with replaced as (update ${workers} set lease_until = 0 where id = ${worker.replaces ?? null}::bigint)
        insert into ${workers} (name, host, pid, version, queues, concurrency, default_tries, started_at, beat_at, lease_until)
        values (${worker.name}, ${worker.host}, ${worker.pid}, ${worker.version}, ${JSON.stringify(worker.queues)},
                ${worker.concurrency}, ${worker.defaultTries ?? 0}, ${now}, ${now}, ${now} + ${worker.leaseMs}::bigint)
        returning id`,
      )
      return row?.id as number
    },

    /** The worker's row is locked first, so that no reserve of its own can slip in behind; finding its jobs is a look at the whole table. */
    async deregister(worker: number): Promise<number> {
      const given = await connection.transaction(
        'lease',
        async (run) => {
          await run(sql`select 1 from ${workers} where id = ${worker} for update`)
          const rows = await run(
            sql`update ${jobs} set ${GIVE_BACK} where reserved_by = ${worker} and reserved_at is not null returning 1`,
          )
          await run(sql`delete from ${workers} where id = ${worker}`)
          return rows.length
        },
        LONG,
      )
      if (given > 0) returned(context)
      return given
    },

    async heartbeat(beat: Heartbeat): Promise<HeartbeatAnswer> {
      const { worker, held } = beat
      const now = nowMs(context)
      const ids = numberArray(held.map(({ id }) => id))
      const attempts = numberArray(held.map((job) => job.attempts))
      const [row] = await connection.query(
        'lease',
        sql`
        with before as materialized (
          select id, command from ${workers} where id = ${worker} and lease_until > ${now} for no key update
        ), beat as (
          update ${workers} w
             set lease_until = ${now} + ${beat.leaseMs}::bigint, beat_at = ${now}, running = ${beat.running},
                 memory_bytes = ${Math.round(beat.memoryBytes)}, state = ${beat.state}, command = null
            from before where w.id = before.id
          returning before.command
        )
        select (select command from beat) as command, exists (select 1 from beat) as alive,
               array(select o.id from unnest(${ids}::bigint[], ${attempts}::integer[]) with ordinality o(id, attempts, at)
                      where not exists (
                        select 1 from ${jobs} j where j.id = o.id and j.attempts = o.attempts and j.reserved_by = ${worker})
                      order by o.at) as gone`,
      )
      if (!row?.alive) return { lost: true, gone: held.map(({ id }) => id), command: null }
      return { lost: false, gone: row.gone as number[], command: row.command as WorkerCommand | null }
    },
  }
}
