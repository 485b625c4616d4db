import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

/**
 * SQLite as Node brings it, in the form of a `Database` of better-sqlite3, as far as query builders use one: that package
 * needs a compiler or a download, and what is tested here is how a library hands its connection on.
 */
export class BetterForm {
  readonly name: string
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.name = path
    this.#database = new DatabaseSync(path, { timeout: 5_000 })
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  get open(): boolean {
    return this.#database.isOpen
  }

  prepare(sql: string) {
    const statement = this.#database.prepare(sql)
    const listed = (values: unknown[]) => values.flat() as SQLInputValue[]
    return {
      reader: statement.columns().length > 0,
      run: (...values: unknown[]) => statement.run(...listed(values)),
      get: (...values: unknown[]) => statement.get(...listed(values)),
      all: (...values: unknown[]) => statement.all(...listed(values)),
      iterate: (...values: unknown[]) => statement.iterate(...listed(values)),
      safeIntegers: undefined,
    }
  }

  exec(sql: string): this {
    this.#database.exec(sql)
    return this
  }

  pragma(text: string): unknown {
    return this.#database.prepare(`pragma ${text}`).all()
  }

  function(): this {
    return this
  }

  close(): this {
    this.#database.close()
    return this
  }
}
