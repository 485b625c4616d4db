import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { mysqlStore } from '../src/stores/mysql/store.ts'
import { startMariadb } from '../test/support/servers/mariadb.ts'
import { BENCH_JOB, type Figures, ROLES } from './bench-mysql-roles.ts'

/**
 * The MySQL store beside the raw forms of what it does, by hand and with no promises, on the same server in one run: ratios
 * hold on a machine that others use too, rates do not. Each figure is made by a process of its own; CPU per job is of that
 * process and of the server.
 *
 *   node scripts/bench-mysql.ts [--only bulk,single,drain,processes,due,backlog] [--jobs 50000] [--rounds 3] [--url URL]
 *     [--waiting 1000000] [--laravel]
 */
const { values: given } = parseArgs({
  options: {
    url: { type: 'string' },
    only: { type: 'string', default: 'bulk,single,drain,processes,due' },
    jobs: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    waiting: { type: 'string', default: '1000000' },
    laravel: { type: 'boolean', default: false },
    role: { type: 'string' },
    parameters: { type: 'string', default: '{}' },
  },
})

if (given.role) await play(given.role, JSON.parse(given.parameters))
else await direct()

/** One measurement, in a process of its own: sets up, says so, waits for the word, and tells what came out. */
async function play(role: string, parameters: Figures & { url: string }): Promise<void> {
  const { measured, close } = await ROLES[role]!(parameters)
  await new Promise<void>((resolve) => {
    process.once('message', () => resolve())
    process.send!('ready')
  })
  const [from, cpu] = [performance.now(), process.cpuUsage()]
  const jobs = await measured()
  const { user, system } = process.cpuUsage(cpu)
  process.send!({ jobs, ms: performance.now() - from, cpuUs: user + system })
  await close()
  process.disconnect()
}

async function direct(): Promise<void> {
  const server = given.url ? undefined : await startMariadb()
  const url = given.url ?? server!.url
  const admin = await mysql.createConnection({ uri: url, multipleStatements: true })
  const pid = Number(await one<string>(`select @@pid_file`).then((path) => readFileSync(path, 'utf8').trim()))
  let databases = 0
  const [jobs, rounds, waiting] = [given.jobs, given.rounds, given.waiting].map(Number) as [number, number, number]
  const only = new Set(given.only.split(','))
  const figures = new Map<string, number[]>()

  async function one<T>(text: string): Promise<T> {
    const [rows] = await admin.query<RowDataPacket[]>(text)
    return Object.values(rows[0]!)[0] as T
  }

  const note = (name: string, value: number, shown: string) => {
    figures.set(name, [...(figures.get(name) ?? []), value])
    console.log(`  ${name.padEnd(44)} ${shown}`)
  }

  /** A database with our tables and the raw one, gone afterwards. */
  async function within(work: (url: string, name: string) => Promise<void>): Promise<void> {
    const name = `bench_${process.pid}_${++databases}`
    await admin.query(`create database ${name}; use ${name}`)
    if (given.laravel) {
      const { LARAVEL_TABLES } = await import('../test/support/laravel-mysql.ts')
      await admin.query(LARAVEL_TABLES['laravel-12'])
    }
    const place = url.replace(/\/[^/]*$/, `/${name}`)
    const store = mysqlStore({ url: place })
    await store.open()
    await store.migrate()
    await store.close()
    await admin.query(`create table raw_jobs (id bigint unsigned not null auto_increment primary key, queue varchar(191) not null,
      payload longtext not null, attempts smallint unsigned not null, reserved_at int unsigned null, available_at int unsigned not null,
      created_at int unsigned not null, key raw_due (queue, reserved_at, available_at)) engine=InnoDB default charset=utf8mb4`)
    try {
      await work(place, name)
    } finally {
      await admin.query(`drop database ${name}`)
    }
  }

  async function measure(
    name: string,
    role: string,
    parameters: Record<string, unknown>,
    processes = 1,
  ): Promise<number> {
    const children = await Promise.all(
      Array.from({ length: processes }, (_, part) => ready(role, { ...parameters, part })),
    )
    const [from, serverUs] = [performance.now(), cpuOf(pid)]
    const results = await Promise.all(children.map(outcome))
    const [ms, usedUs] = [performance.now() - from, cpuOf(pid) - serverUs]
    const done = results.reduce((sum, each) => sum + each.jobs, 0)
    const nodeUs = results.reduce((sum, each) => sum + each.cpuUs, 0)
    const rate = done / (Math.max(...results.map((each) => each.ms), processes > 1 ? ms : 0) / 1_000)
    const shown = `${Math.round(rate)}/s, ${(nodeUs / done).toFixed(1)} + ${(usedUs / done).toFixed(1)} µs`
    note(name, rate, parameters.silent ? `${Math.round(ms)} ms` : shown)
    return rate
  }

  const load = async (place: string, count: number, raw: boolean) => {
    const child = await ready(raw ? 'raw bulk' : 'bulk', { url: place, count })
    await outcome(child)
  }
  /** Lets the server finish what it put off: purging and flushing of earlier work is not what is measured. */
  const settled = async () => {
    const deadline = performance.now() + 20_000
    while (
      performance.now() < deadline &&
      Number(
        await one<string>(
          `select variable_value from information_schema.global_status where variable_name = 'INNODB_HISTORY_LIST_LENGTH'`,
        ),
      ) > 100
    ) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  const parts: Record<string, () => Promise<void>> = {
    bulk: () =>
      within(async (place) => {
        await measure('raw insert of 1,000 rows', 'raw bulk', { url: place, count: jobs })
        await measure('dispatchMany', 'bulk', { url: place, count: jobs })
      }),
    single: () =>
      within(async (place) => {
        await measure('raw insert per call, 32 in flight', 'raw single', { url: place, ms: 3_000 })
        await measure('dispatch, 32 in flight', 'single', { url: place, ms: 3_000 })
      }),
    drain: async () => {
      await within(async (place) => {
        await load(place, jobs, true)
        await settled()
        await measure('raw drain, 500 x 2', 'raw drain', { url: place })
      })
      for (const concurrency of [10, 100]) {
        await within(async (place) => {
          await load(place, jobs, false)
          await settled()
          await measure(`drain, concurrency ${concurrency}`, 'drain', { url: place, concurrency })
        })
      }
    },
    processes: async () => {
      for (const processes of [1, 2, 4]) {
        await within(async (place) => {
          await load(place, jobs * 2, false)
          await settled()
          await measure(`drain, ${processes} processes`, 'drain', { url: place, concurrency: 10 }, processes)
        })
      }
    },
    due: () =>
      within(async (place, name) => {
        await load(place, 20_000, false)
        await admin.query(`update ${name}.jobs set available_at = unix_timestamp() + 6`)
        await measure('20,000 due at one second, all started after ms', 'due', { url: place, count: 20_000, silent: 1 })
      }),
    backlog: async () => {
      for (const [kind, statement] of [
        ['100,000 waiting', ''],
        [`${waiting} waiting`, ''],
        [`100,000 waiting, ${waiting} delayed`, 'available_at = available_at + 86400'],
        [`100,000 waiting, ${waiting * 5} failed`, 'failed'],
      ] as const) {
        await within(async (place, name) => {
          await load(place, 100_000, false)
          if (kind !== '100,000 waiting') await beside(name, waiting, statement)
          await settled()
          await measure(`drain of 50,000, ${kind}`, 'drain', { url: place, concurrency: 10, most: 50_000 })
        })
      }
    },
  }

  async function beside(name: string, count: number, statement: string): Promise<void> {
    if (statement === 'failed') {
      await admin.query(`insert into ${name}.failed_jobs (uuid, connection, queue, payload, exception)
        select uuid(), 'database', 'default', '{"job":"faena@bench"}', 'Error: no' from seq_1_to_${count * 5}`)
      return
    }
    const due = statement ? 'unix_timestamp() + 86400' : 'unix_timestamp()'
    await admin.query(`insert into ${name}.jobs (queue, payload, attempts, available_at, created_at, name, max_attempts, priority)
      select 'default', concat('{"uuid":"', uuid(), '","displayName":"${BENCH_JOB}","job":"faena@${BENCH_JOB}","maxTries":3,"data":{"number":', seq, ',"padding":"${'x'.repeat(60)}"}}'),
        0, ${due}, unix_timestamp(), '${BENCH_JOB}', 3, 0 from seq_1_to_${count}`)
  }

  try {
    for (let round = 1; round <= rounds; round++) {
      console.log(`round ${round}`)
      for (const [part, run] of Object.entries(parts)) if (only.has(part)) await run()
    }
    console.log('medians')
    for (const [name, values] of figures) {
      console.log(`  ${name.padEnd(44)} ${Math.round(values.toSorted((a, b) => a - b)[values.length >> 1]!)}/s`)
    }
  } finally {
    await admin.end()
    await server?.stop()
  }
}

interface Outcome {
  jobs: number
  ms: number
  cpuUs: number
}

async function ready(role: string, parameters: Record<string, unknown>): Promise<ChildProcess> {
  const words = ['--role', role, '--parameters', JSON.stringify(parameters)]
  const child = fork(fileURLToPath(import.meta.url), words, {
    execArgv: ['--min-semi-space-size=8', '--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'],
  })
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}`)))
  })
  return child
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  let told: Outcome | undefined
  child.once('message', (message) => {
    told = message as Outcome
  })
  const ended = once(child, 'exit')
  child.send('go')
  const [code] = await ended
  if (told === undefined) throw new Error(`a measurement ended with ${code}`)
  return told
}

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number)
  return (fields[11]! + fields[12]!) * 10_000
}
