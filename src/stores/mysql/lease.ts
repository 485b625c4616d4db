import type { Heartbeat, HeartbeatAnswer, NewWorker, WorkerCommand } from '../../store.ts'
import { renewedAfterSeconds } from '../sql/retry-after.ts'
import { type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs, nowSecond } from './context.ts'
import { forgiveCrashes } from './crashes.ts'
import { GIVE_BACK } from './endings.ts'
import { heldBy } from './held.ts'
import { among, rowList } from './text.ts'

/** In the order of their numbers, which a heartbeat brings back in the place of an insert's id. */
const COMMANDS: readonly WorkerCommand[] = ['quiet', 'resume', 'stop', 'restart']

const IDS_PER_STATEMENT = 1_000

/** A worker's life: its row and its heartbeats. */
export function leasing(context: Context) {
  const { connection, names } = context
  const { workers, settlements, holds, jobs } = names

  return {
    async register(worker: NewWorker): Promise<number> {
      const id = await connection.transaction('beat', async (transaction) => {
        const now = nowMs(context)
        const statements: Sql[] = []
        if (worker.replaces !== undefined)
          statements.push(sql`update ${workers} set lease_until = 0 where id = ${worker.replaces}`)
        statements.push(sql`
          insert into ${workers} (name, host, pid, version, queues, job_names, concurrency, default_tries, started_at, beat_at, lease_until)
          values (${worker.name}, ${worker.host}, ${worker.pid}, ${worker.version}, ${JSON.stringify(worker.queues)},
                  ${worker.names === undefined ? null : JSON.stringify(worker.names)}, ${worker.concurrency}, ${worker.defaultTries ?? 0}, ${now}, ${now}, ${now} + ${worker.leaseMs})`)
        const answers = await transaction.run(...statements)
        const { insertId } = answers.at(-1)!
        const rows = [0, 1].map((channel) => [insertId, channel, 0, null, nowMs(context)])
        await transaction.commit(
          sql`insert into ${settlements} (worker, channel, seq, answer, at) values ${rowList(rows)}`,
          sql`insert into ${holds} (worker, ids) values (${insertId}, '')`,
        )
        return insertId
      })
      context.held.begin(id)
      return id
    },

    async deregister(worker: number): Promise<number> {
      const given = await connection.transaction(
        'settle',
        async (transaction) => {
          // First the worker's row, so that a reservation under way has been written, or finds no lease.
          await transaction.run(sql`select id from ${workers} where id = ${worker} for update`)
          const ids = await heldBy(context, transaction, worker)
          let given = 0
          for (let at = 0; at < ids.length; at += IDS_PER_STATEMENT) {
            const [answer] = await transaction.run(sql`
              update ${jobs} force index (primary) set ${GIVE_BACK}
               where ${among('id', ids.slice(at, at + IDS_PER_STATEMENT))} and reserved_by = ${worker} and reserved_at is not null`)
            given += answer!.affected
          }
          await transaction.commit(
            sql`delete from ${workers} where id = ${worker}`,
            sql`delete from ${holds} where worker = ${worker}`,
            forgiveCrashes(context, worker),
          )
          return given
        },
        { slow: true },
      )
      context.held.forget(worker)
      context.views.forget(worker)
      if (given > 0) {
        context.views.lower()
        context.wake()
      }
      return given
    },

    /** One statement for an idle worker: the command comes back in the place of an insert's id. */
    async heartbeat({ worker, leaseMs, running, memoryBytes, state, held }: Heartbeat): Promise<HeartbeatAnswer> {
      const code = sql`coalesce(field(command, ${COMMANDS[0]}, ${COMMANDS[1]}, ${COMMANDS[2]}, ${COMMANDS[3]}), 0)`
      const statements = [
        sql`update ${workers}
               set lease_until = ${nowMs(context)} + ${leaseMs}, beat_at = ${nowMs(context)}, running = ${running},
                   memory_bytes = ${Math.round(memoryBytes)}, state = ${state},
                   command = if(last_insert_id(${code}) >= 0, null, command)
             where id = ${worker} and lease_until > ${nowMs(context)}`,
      ]
      if (held.length > 0) {
        const ids = among(
          'id',
          held.map(({ id }) => id),
        )
        const retryAfterMs = await context.retryAfter.ms()
        const old = retryAfterMs === undefined ? sql`0` : isOld(context, retryAfterMs)
        statements.push(sql`select id, attempts, ${old} as old from ${jobs} where ${ids} and reserved_by = ${worker}`)
      }
      const [beat, rows] = await connection.query('beat', statements)
      if (beat!.affected === 0) return { lost: true, gone: held.map(({ id }) => id), command: null }
      const mine = new Map(rows?.rows.map((row) => [Number(row.id), Number(row.attempts)]))
      const gone = held.filter(({ id, attempts }) => mine.get(id) !== attempts).map(({ id }) => id)
      const old = (rows?.rows ?? []).filter((row) => Number(row.old) === 1).map((row) => Number(row.id))
      if (old.length > 0) await renewForLaravel(context, worker, old)
      return { lost: false, gone, command: COMMANDS[beat!.insertId - 1] ?? null }
    },
  }
}

/** Reserved for a third of PHP's `retry_after`. */
function isOld(context: Context, retryAfterMs: number): Sql {
  return sql`reserved_at <= ${nowSecond(context)} - ${renewedAfterSeconds(retryAfterMs)}`
}

/**
 * Workers of PHP's that share the table take a job once its reserved_at is older than their `retry_after`, whatever lease it
 * is under: so it is renewed each third of that time. A row that somebody has locked is passed by: PHP's workers pass by it
 * too, and a heartbeat waits for nobody's transaction. That takes two statements: an update that looks for free rows by itself
 * reads the whole table, or waits for the locked ones after all.
 */
async function renewForLaravel(context: Context, worker: number, ids: readonly number[]): Promise<void> {
  const { jobs } = context.names
  await context.connection.transaction('beat', async (transaction) => {
    const [free] = await transaction.run(
      sql`select id from ${jobs} force index (primary) where ${among('id', ids)} and reserved_by = ${worker} order by id for update skip locked`,
    )
    const own = free!.rows.map((row) => Number(row.id))
    if (own.length === 0) return
    await transaction.commit(
      sql`update ${jobs} force index (primary) set reserved_at = ${nowSecond(context)} where ${among('id', own)}`,
    )
  })
}
