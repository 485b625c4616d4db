import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'

/** Resolves when the query finds nothing more: every job that was seen is acknowledged. */
export async function untilNone(pool: pg.Pool, query: string): Promise<void> {
  while ((await pool.query(query)).rowCount !== 0) await delay(1)
}
