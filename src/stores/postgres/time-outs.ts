/** The time in which something was to come is over. */
export class TimeOut extends Error {}

/** What the promise becomes, or a TimeOut after `ms`; what it becomes later concerns nobody. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new TimeOut()), ms)
      }),
    ])
  } finally {
    clearTimeout(timer)
    // The loser of the race may still reject, with nobody left to listen.
    promise.catch(() => {})
  }
}

/** The server's answer. One that does not come in time is an error of the network: its connection is of no more use. */
export async function answered<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  try {
    return await within(answer, timeoutMs)
  } catch (error) {
    if (!(error instanceof TimeOut)) throw error
    throw Object.assign(new Error(`no answer within ${Math.round(timeoutMs)} ms`), { code: 'ETIMEDOUT' })
  }
}
