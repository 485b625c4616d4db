import { existsSync } from 'node:fs'

// The command line reads .env too: all processes must mean the same database.
if (existsSync('.env')) process.loadEnvFile()

/** Where the three processes of this example find one another. All of them listen on loopback only. */
export const HOST = '127.0.0.1'
export const APP_PORT = port('APP_PORT', 3000)
export const SOURCE_PORT = port('SOURCE_PORT', 3001)
export const APP_URL = `http://${HOST}:${APP_PORT}`
export const SOURCE_URL = `http://${HOST}:${SOURCE_PORT}`

function port(name: string, usual: number): number {
  const given = process.env[name]
  const number = given === undefined || given === '' ? usual : Number(given)
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number
  throw new Error(`${name} is ${JSON.stringify(given)}; allowed: a port number from 1 to 65535`)
}
