import type { Fate, JoinedCompletion } from '../../store.ts'
import type { Context } from './context.ts'

/**
 * Of a completion in the application's transaction, by what a reader sees. While that transaction is open, nobody can write
 * to the file; so `undone` may also be one that is not over yet, and whoever settles the job then waits for its end.
 */
export function fates({ connection }: Context) {
  return async function fate({ worker, id, attempts, uuid }: JoinedCompletion): Promise<Fate> {
    return connection.read(() => {
      // One statement, and with that one snapshot: a row that is gone and the run that says why come by the same commit.
      const row = connection.get(
        `select exists (select 1 from jobs where id = ?1 and attempts = ?2 and reserved_by = ?3) as held,
                exists (select 1 from faena_runs where uuid = ?4 and attempt = ?2 and worker = ?3 and outcome = 'completed') as completed`,
        id,
        attempts,
        worker,
        uuid,
      )
      if (row?.held) return 'undone'
      return row?.completed ? 'committed' : 'lost'
    })
  }
}
