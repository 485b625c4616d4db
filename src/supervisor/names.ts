import { FaenaError } from '../core/errors.ts'
import type { Pool } from './pool.ts'
import type { Slot } from './slot.ts'

/** Processes of one pool that a name means. */
export interface Meant {
  pool: Pool
  slots: readonly Slot[]
}

/**
 * What names mean, as Supervisor's do: `pool:*` all of a pool, `pool:pool_00` one process, `all` everything; `pool` and
 * `pool_00` alone are understood. Without a name, everything. Throws NOT_FOUND, saying what there is.
 */
export function meantBy(names: readonly string[], pools: readonly Pool[]): Meant[] {
  if (names.length === 0) return pools.map((pool) => ({ pool, slots: pool.slots }))
  const found = new Map<Pool, Set<Slot>>()
  for (const name of names) {
    const those = oneName(name, pools)
    if (those.length === 0) {
      const known = pools.flatMap(({ plan, slots }) => [`${plan.name}:*`, ...slots.map((slot) => slot.name)])
      throw new FaenaError('NOT_FOUND', `No process is called ${name}; there are ${known.join(', ')}`)
    }
    for (const { pool, slots } of those) {
      const set = found.get(pool) ?? new Set()
      for (const slot of slots) set.add(slot)
      found.set(pool, set)
    }
  }
  return [...found].map(([pool, slots]) => ({ pool, slots: pool.slots.filter((slot) => slots.has(slot)) }))
}

function oneName(name: string, pools: readonly Pool[]): Meant[] {
  if (name === 'all' || name === '*') return pools.map((pool) => ({ pool, slots: pool.slots }))
  const pool = pools.find(({ plan }) => name === plan.name || name === `${plan.name}:*`)
  if (pool !== undefined) return [{ pool, slots: pool.slots }]
  return pools.flatMap((pool) => {
    const slots = pool.slots.filter((slot) => slot.name === name || slot.name.endsWith(`:${name}`))
    return slots.length === 0 ? [] : [{ pool, slots }]
  })
}
