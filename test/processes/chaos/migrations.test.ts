import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../../src/stores/open.ts'
import { startProxy } from '../proxy.ts'
import { temporaryFolder, until } from '../support.ts'
import { asked, installation } from './installation.ts'
import type { Kind } from './kinds.ts'
import { onServers } from './on-servers.ts'
import { startLaravel } from './php.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))
/** What a migration changes. */
const CHANGE =
  /\b(create|alter|drop)\s+(unique |or replace )*(table|index|function)|insert (ignore )?into \S*faena_migrations/i

onServers((kind, server) => {
  test('a migration that is killed again and again, each time a change further on, is gone on with, while Laravel works on the tables', async () => {
    const url = await database(kind, server().url, 'steps', kind.laravelTables)
    const whole = await database(kind, server().url, 'whole', kind.laravelTables)
    await migrated(whole)
    const laravel = await startLaravel(kind, url)
    await until('Laravel works', () => laravel.run.length > 20)

    let kills = 0
    while (await migrateAndDie(url, kills + 1)) kills++
    const before = laravel.run.length
    await until('Laravel still works', () => laravel.run.length > before)
    await laravel.end()

    expect(kills).toBeGreaterThan(3)
    expect(new Set(laravel.run).size).toBe(laravel.run.length)
    expect(laravel.run.length).toBe(laravel.dispatched)
    expect(await schemaOf(kind, url)).toEqual(await schemaOf(kind, whole))
    const store = await openStore(url)
    onTestFinished(() => store.close())
    expect((await store.ping()).schemaVersion).toBeGreaterThan(0)
    expect(await store.counts()).toEqual([])
  })

  test('migrations that are run and killed under working workers disturb none of them', async () => {
    const { direct, survives } = await installation(kind, server(), { jobs: 10_000 })
    const whole = await schemaOf(kind, direct)
    await survives({
      async fault() {
        // As after an upgrade: something is missing, none of which a worker needs at once.
        await asked(kind, direct, kind.older)
        await migrateAndDie(direct, 1 + Math.floor(Math.random() * 3))
        await migrated(direct)
      },
    })
    expect(await schemaOf(kind, direct)).toEqual(whole)
  })
})

async function database(kind: Kind, server: string, name: string, tables: string): Promise<string> {
  await asked(kind, server, `create database migration_${name}`)
  const url = server.replace(/\/[^/]*$/, `/migration_${name}`)
  await asked(kind, url, tables)
  return url
}

function faenaMigrate(url: string): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'migrate'], {
    cwd: temporaryFolder(),
    env: { ...process.env, DATABASE_URL: url, NO_COLOR: '1' },
    stdio: 'pipe',
  })
}

async function migrated(url: string): Promise<void> {
  const child = faenaMigrate(url)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  expect(code, said).toBe(0)
}

/** Kills the process as it sends its nth change. Answers false where it had fewer, and ended well. */
async function migrateAndDie(url: string, nth: number): Promise<boolean> {
  const proxy = await startProxy(Number(new URL(url).port))
  const child = faenaMigrate(url.replace(/:\d+\//, `:${proxy.port}/`))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
  let changes = 0
  proxy.sent = (text) => {
    if (CHANGE.test(text) && ++changes === nth) child.kill('SIGKILL')
  }
  const [code, signal] = await once(child, 'close')
  if (signal === 'SIGKILL') return true
  expect(code, said).toBe(0)
  return false
}

async function schemaOf(kind: Kind, url: string): Promise<unknown[]> {
  const operator = await kind.operator(url)
  const parts = []
  for (const text of kind.schema) parts.push(...(await operator.rows(text)))
  await operator.end()
  return parts.map((row) => Object.values(row as object).join(' '))
}
