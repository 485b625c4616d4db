import { FaenaError } from '../../core/errors.ts'
import type { PoolUse } from '../../store.ts'
import { unavailable } from './errors.ts'
import { Session } from './session.ts'
import type { Source } from './source.ts'

interface Waiter {
  resolve(session: Session | undefined): void
  reject(error: Error): void
}

/**
 * A few connections for one kind of call, made when they are first needed and used again afterwards. Whoever finds none
 * free waits in line, at most as long as a call may take.
 */
export class Lane {
  readonly #source: Source
  readonly #size: number
  readonly #timeoutMs: number
  readonly #idle: Session[] = []
  readonly #waiting: Waiter[] = []
  #made = 0
  #closed = false
  #empty: (() => void) | undefined

  constructor(source: Source, size: number, timeoutMs: number) {
    this.#source = source
    this.#size = size
    this.#timeoutMs = timeoutMs
  }

  get use(): Omit<PoolUse, 'pool'> {
    const idle = this.#idle.length
    return { limit: this.#size, busy: this.#made - idle, idle, waiting: this.#waiting.length }
  }

  /** Lends a connection; it must be given back by `release`. */
  async take(): Promise<Session> {
    for (;;) {
      if (this.#closed) throw closed(this.#source.shown)
      const session = this.#idle.pop() ?? (this.#made < this.#size ? await this.#make() : await this.#wait())
      if (session === undefined) continue
      if (await session.isAlive(this.#timeoutMs)) {
        session.use()
        return session
      }
      this.#gone()
    }
  }

  release(session: Session): void {
    if (session.broken || this.#closed) {
      this.#gone()
      if (!session.broken) void session.end()
      return
    }
    const waiter = this.#waiting.shift()
    if (waiter) {
      waiter.resolve(session)
      return
    }
    session.rest()
    this.#idle.push(session)
  }

  /** Waits for the calls under way. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed(this.#source.shown))
    await Promise.all(
      this.#idle.splice(0).map(async (session) => {
        await session.end()
        this.#gone()
      }),
    )
    if (this.#made > 0) {
      await new Promise<void>((resolve) => {
        this.#empty = resolve
      })
    }
  }

  async #make(): Promise<Session> {
    this.#made++
    try {
      return await Session.connect(this.#source.config, this.#timeoutMs)
    } catch (error) {
      this.#gone()
      throw error
    }
  }

  /** A connection is no more: whoever waits may make a new one. */
  #gone(): void {
    this.#made--
    this.#waiting.shift()?.resolve(undefined)
    if (this.#made === 0) this.#empty?.()
  }

  #wait(): Promise<Session | undefined> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve: (session) => {
          clearTimeout(timer)
          resolve(session)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        const text = `All ${this.#size} connections to ${this.#source.shown} were busy for ${this.#timeoutMs} ms; nothing was stored`
        reject(unavailable(text, undefined, false))
      }, this.#timeoutMs)
      this.#waiting.push(waiter)
    })
  }
}

export function closed(server: string): FaenaError {
  return new FaenaError(
    'STORE_CLOSED',
    `The store at ${server} is not open; call open() first, and nothing after close()`,
  )
}
