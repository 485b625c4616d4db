/**
 * What the exit code of a `faena` process says. The last two pass only between a worker process and its parent, which
 * starts the worker anew; they are in the range sysexits.h keeps for "try again".
 */
export const EXIT = {
  ok: 0,
  error: 1,
  /** An option, an argument or a setting is not allowed; nothing was done. */
  usage: 2,
  /** What was named is not there, or nothing matched. */
  notFound: 3,
  /** `monitor` found a queue at its limit, or `doctor` a problem. */
  alert: 4,
  /** Laravel's code for a worker that reached its memory limit. */
  memory: 12,
  restart: 75,
  stuck: 76,
} as const
