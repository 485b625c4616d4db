/**
 * A function of each connection, for reads that may look at many rows. SQLite is no server that could end a statement, and a
 * thread is not ended in the middle of one; but a statement fails where a function that it calls throws.
 */
export const MAY_GO_ON = 'faena_may_go_on'

/** A clock in ms that nobody sets, the same in all threads of the process. */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
