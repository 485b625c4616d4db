/** The package brings no types; what the bench uses of it. */
declare module 'better-sqlite3' {
  export default class Database {
    constructor(path: string)
    pragma(text: string): unknown
  }
}
