import mysql from 'mysql2/promise'
import pg from 'pg'
import { LARAVEL_TABLES as MYSQL_TABLES } from '../../test/support/laravel-mysql.ts'
import { LARAVEL_TABLES as POSTGRES_TABLES } from '../../test/support/laravel-postgres.ts'
import type { Contestant, Place } from '../contestant.ts'
import { faena } from './faena.ts'

/** Faena on tables that Laravel made, with the indexes that are safe beside PHP workers and no others. */
export const faenaShared: Contestant = {
  ...faena,
  async prepare(place) {
    await laravelTables(place)
    await faena.prepare?.(place)
  },
}

async function laravelTables({ url }: Place): Promise<void> {
  if (url.startsWith('postgres')) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(POSTGRES_TABLES['laravel 8 and 12'].replaceAll('{}', 'public'))
    await client.end()
  } else {
    const connection = await mysql.createConnection({ uri: url, multipleStatements: true })
    await connection.query(MYSQL_TABLES['laravel-12'])
    await connection.end()
  }
}
