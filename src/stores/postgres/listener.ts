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
  #started = false
  /** Everybody was woken for the piece that is being read. */
  #told = false

  constructor(source: Source, connection: Connection, channel: string, wake: () => void) {
    this.#source = source
    this.#connection = connection
    this.#channel = channel
    this.#wake = wake
  }

  start(): void {
    if (this.#started || this.#source.listener === undefined) return
    this.#started = true
    void this.#connect()
  }

  async stop(): Promise<void> {
    this.#started = false
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    try {
      const client = await this.#source.listener!()
      if (!this.#started || this.#client) return
      this.#client = client
      const lost = () => this.#lost(client)
      client.on('error', lost)
      client.on('end', lost)
      client.on('notification', (event) => {
        if ((event as { channel?: string }).channel === this.#channel) this.#heard()
      })
      await client.connect()
      await client.query({ text: `listen "${this.#channel}"` })
      const hears = await hearsItself(client, this.#connection)
      if (this.#client !== client) return
      if (!hears) return this.#deaf(client)
      this.#losses = 0
      this.#wake()
      this.#lookLater(client)
    } catch {
      if (this.#client) this.#lost(this.#client)
      else this.#again(LONGEST_WAIT_MS)
    }
  }

  /** Notifications that arrive in one piece are one reason to look: what they tell of was committed before any look begins. */
  #heard(): void {
    if (this.#told) return
    this.#told = true
    queueMicrotask(() => {
      this.#told = false
    })
    this.#wake()
  }

  #deaf(client: PgListener): void {
    this.#client = undefined
    void client.end().catch(() => {})
    this.#again(DEAF_MS)
  }

  #lost(client: PgListener): void {
    if (this.#client !== client) return
    this.#client = undefined
    void client.end().catch(() => {})
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#losses++)
    this.#again(wait * (0.5 + Math.random()))
  }

  #again(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#started) this.#timer = setTimeout(() => void this.#connect(), ms).unref()
  }

  /** Asks something now and then: an answer that does not come tells of a connection that is no more. */
  #lookLater(client: PgListener): void {
    this.#timer = setTimeout(async () => {
      const answer = client.query({ text: 'select 1' }).then(
        () => true,
        () => false,
      )
      const answered = await Promise.race([answer, later(TEST_MS, false)])
      if (this.#client !== client) return
      if (answered) this.#lookLater(client)
      else this.#lost(client)
    }, LOOK_MS).unref()
  }
}

/** Whether notifications arrive on connections of this source at all. */
export async function notificationsArrive(source: Source, connection: Connection): Promise<boolean> {
  const client = await source.listener!()
  client.on('error', () => {})
  try {
    await client.connect()
    return await hearsItself(client, connection)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Sends a notification by another connection and waits for it, on a channel that nobody else knows. */
async function hearsItself(client: PgListener, connection: Connection): Promise<boolean> {
  const channel = `faena_test_${randomBytes(8).toString('hex')}`
  const { promise: heard, resolve } = Promise.withResolvers<true>()
  client.on('notification', (event) => {
    if ((event as { channel?: string }).channel === channel) resolve(true)
  })
  await client.query({ text: `listen "${channel}"` })
  await connection.query('common', sql`select pg_notify(${channel}, '')`)
  const hears = await Promise.race([heard, later(TEST_MS, false)])
  await client.query({ text: `unlisten "${channel}"` })
  return hears
}

function later<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(() => resolve(value), ms).unref())
}
