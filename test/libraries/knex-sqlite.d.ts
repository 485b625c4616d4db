/** Knex has no types of its dialects; this is as much as the tests use of one. */
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import { Knex } from 'knex'
  export default class extends Knex.Client {}
}
