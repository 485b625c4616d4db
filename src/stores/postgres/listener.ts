import { randomBytes } from 'node:crypto'
import { sql } from '../sql/sql.ts'
import type { PgListener } from './client.ts'
import type { Connection } from './connection.ts'
import type { Source } from './source.ts'

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000
/** How long a test notification may take; behind a pooler in transaction mode it never comes. */
const TEST_MS = 2_000
/** Behind such a pooler there is no point in asking often. */
const DEAF_MS = 600_000
/** A connection that was cut without a word is found out after this, and only then. */
const LOOK_MS = 60_000

export type Hearing = 'off' | 'connecting' | 'hearing' | 'deaf'

/**
 * One connection per process that hears of pushes by others. It tests itself with a notification of its own before it is
 * trusted, comes back after a loss, and wakes everybody then, since something may have been missed. Nothing depends on it.
 */
export class Listener {
  readonly #source: Source
  readonly #connection: Connection
  readonly #channel: string
  readonly #wake: () => void
  #client: PgListener | undefined
  #timer: NodeJS.Timeout | undefined
  #losses = 0
  #state: Hearing = 'off'

  constructor(source: Source, connection: Connection, channel: string, wake: () => void) {
    this.#source = source
    this.#connection = connection
    this.#channel = channel
    this.#wake = wake
  }

  get state(): Hearing {
    return this.#state
  }

  start(): void {
    if (this.#state !== 'off' || this.#source.listener === undefined) return
    this.#state = 'connecting'
    void this.#connect()
  }

  async stop(): Promise<void> {
    this.#state = 'off'
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    let client: PgListener | undefined
    try {
      client = await this.#source.listener!()
      const mine = client
      const { promise: heard, resolve } = Promise.withResolvers<void>()
      const test = `${this.#channel}_${randomBytes(6).toString('hex')}`
      client.on('error', () => this.#lost(mine))
      client.on('end', () => this.#lost(mine))
      client.on('notification', (event) => {
        if ((event as { channel?: string }).channel === test) resolve()
        else this.#wake()
      })
      this.#client = client
      await client.connect()
      await client.query({ text: `listen "${this.#channel}"` })
      await client.query({ text: `listen "${test}"` })
      await this.#connection.query('common', sql`select pg_notify(${test}, '')`)
      const hears = await Promise.race([heard.then(() => true), pause(TEST_MS).then(() => false)])
      if (this.#client !== client) return
      if (!hears) return this.#deaf(client)
      await client.query({ text: `unlisten "${test}"` })
      this.#losses = 0
      this.#state = 'hearing'
      this.#wake()
      this.#look(client)
    } catch {
      if (client) this.#lost(client)
      else this.#again(FIRST_WAIT_MS)
    }
  }

  #deaf(client: PgListener): void {
    this.#client = undefined
    this.#state = 'deaf'
    void client.end().catch(() => {})
    this.#again(DEAF_MS)
  }

  #lost(client: PgListener): void {
    if (this.#client !== client) return
    this.#client = undefined
    clearTimeout(this.#timer)
    void client.end().catch(() => {})
    this.#state = 'connecting'
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#losses++)
    this.#again(wait * (0.5 + Math.random()))
  }

  #again(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), ms).unref()
  }

  /** Asks something now and then: an answer that does not come tells of a connection that is no more. */
  #look(client: PgListener): void {
    this.#timer = setTimeout(async () => {
      const answered = await Promise.race([
        client.query({ text: 'select 1' }).then(
          () => true,
          () => false,
        ),
        pause(TEST_MS).then(() => false),
      ])
      if (this.#client !== client) return
      if (answered) this.#look(client)
      else this.#lost(client)
    }, LOOK_MS).unref()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
