/** The time in which something was to come is over. */
export class TimeOut extends Error {}

/** What the promise becomes, or a TimeOut after `ms`; what it becomes later concerns nobody. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeOut()), ms)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
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
