import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStore } from '../src/index.ts'
import { SoakInstallation, type Started } from './soak/installation.ts'
import { readLedger } from './soak/ledger.ts'
import type { Told } from './soak/producer.ts'
import { type Course, reportOf, tableOf } from './soak/report.ts'
import { throwawayServer } from './soak/servers.ts'
import { holdSnapshot } from './soak/snapshot.ts'
import { Trouble } from './soak/trouble.ts'
import { Watch } from './soak/watch.ts'

const HELP = `npm run soak [-- options]     A real installation under load and trouble; what must stay flat is measured

  --minutes=N     how long jobs are dispatched (default 10)
  --rate=N        jobs a second (default 500)
  --store=NAME    postgres (default), mysql or sqlite; a server is started for it, and removed
  --json          one JSON document instead of the table
  --quiet         no lines about how far it is

A supervisor with three workers, the API, which is asked for its metrics, and an application that dispatches. One job in 400 fails
at every attempt, three attempts in a hundred fail by chance; every 15 seconds a worker is killed, stopped, or all but one are
restarted; from 40 to 70 % of the time somebody holds an old snapshot of the database. In the end the ledger is read: what
handlers wrote, against what dispatches answered and what lies in failed_jobs. Exit code 1 where a bound is broken.
Linux only: it reads /proc.
`

const TROUBLE_EVERY_S = 15
const SCRAPE_EVERY_S = 5
const PROGRESS_EVERY_S = 10
/** Code is compiled and pools are filled; in short runs that is most of the time, so memory is judged from five minutes on. */
const WARM_UP = 0.25
const JUDGED_FROM_MINUTES = 5
const DRAIN_MS = 60_000
/** Shares of the time between which it is held. */
const SNAPSHOT = { from: 0.4, to: 0.7 }

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    store: { type: 'string', default: 'postgres' },
    json: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (given.help) process.stdout.write(HELP)
else process.exitCode = await soaked(number('minutes', given.minutes), number('rate', given.rate))

async function soaked(minutes: number, rate: number): Promise<number> {
  if (process.platform !== 'linux') throw new Error('The soak reads /proc, which only Linux has')
  const server = await throwawayServer(given.store)
  const installation = new SoakInstallation(server.url, rate)
  const ended = async () => {
    await installation.remove()
    await server.stop()
  }
  process.once('SIGINT', () => void ended().then(() => process.exit(130)))
  try {
    const course = await run(installation, minutes * 60)
    const report = reportOf({
      ...course,
      store: given.store,
      minutes,
      rate,
      judgesMemory: minutes >= JUDGED_FROM_MINUTES,
    })
    process.stdout.write(given.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report))
    return report.broken.length === 0 ? 0 : 1
  } finally {
    await ended()
  }
}

async function run(installation: SoakInstallation, seconds: number): Promise<Course> {
  await installation.faena('migrate')
  const token = (await installation.faena('token', '--role', 'viewer', '--subject', 'soak', '--expires', '1d')).trim()
  const supervisor = installation.begin(['supervise'], 'ignore')
  const api = installation.begin(['serve'])
  const working = async () => (await installation.processes()).filter(({ state }) => state === 'RUNNING').length
  await until('three workers', async () => (await working()) === 3)
  await until('the API', () => addressOf(api) !== undefined)
  const address = addressOf(api)!
  const store = await openStore(installation.url)
  let told: Told = { dispatched: 0, seconds: 0, refused: [] }
  const producer = installation.produce((now) => {
    told = now
  })
  const watch = new Watch(installation, { supervisor: supervisor.pid, api: api.pid, producer: producer.pid })
  const trouble = new Trouble(installation)
  // One after the other: what a restart takes for itself must not be killed by the next deed.
  let deeds = Promise.resolve()
  const failures: string[] = []
  const failed = (error: unknown) => void failures.push(String(error))
  const backlog: Course['backlog'] = []
  let release: (() => Promise<void>) | undefined
  const began = performance.now()
  for (let second = 1; second <= seconds; second++) {
    await sleep(Math.max(0, began + second * 1_000 - performance.now()))
    await watch.look(second)
    if (second % SCRAPE_EVERY_S === 0) await scraped(address, token).catch(failed)
    if (second % TROUBLE_EVERY_S === 0) deeds = deeds.then(() => trouble.make()).catch(failed)
    const counts = await store.counts()
    const due = counts.reduce((sum, one) => sum + one.due, 0)
    const held = second >= seconds * SNAPSHOT.from && second < seconds * SNAPSHOT.to
    backlog.push({ second, due, held })
    if (held && release === undefined) release = await holdSnapshot(installation.url)
    if (second >= seconds * SNAPSHOT.to) {
      await release?.()
      release = undefined
    }
    if (second % PROGRESS_EVERY_S === 0) progress(second, told, due, held, watch)
  }
  await release?.()
  producer.child.send('stop')
  await producer.ended
  await deeds
  const waiting = async () => (await store.counts()).reduce((sum, one) => sum + one.due + one.delayed + one.reserved, 0)
  const drained = await until('the queue is empty', async () => (await waiting()) === 0, DRAIN_MS).then(
    () => true,
    () => false,
  )
  for (const one of [supervisor, api]) one.child.kill('SIGTERM')
  const endings = { producer: await producer.ended, supervisor: await supervisor.ended, api: await api.ended }
  const ledger = await readLedger(store, installation.paths, trouble.killed)
  await store.close()
  return {
    ...{ ledger, backlog, drained, endings, failures, deeds: trouble.deeds },
    ...{ left: installation.left(), refused: told.refused },
    ...{ perSecond: told.dispatched / told.seconds, seen: watch.everything(), from: seconds * WARM_UP, seconds },
  }
}

/** Where the API listens, as it says at its start. */
function addressOf(api: Started): string | undefined {
  return /API +(http:\/\/[^/\s]+)/.exec(api.printed())?.[1]
}

async function scraped(address: string, token: string): Promise<void> {
  for (const path of ['/metrics', '/api/v1/queue/status']) {
    const answer = await fetch(`${address}${path}`, { headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
  }
}

function progress(second: number, { dispatched }: Told, due: number, held: boolean, watch: Watch): void {
  if (given.quiet) return
  const processes = [...watch.seen.values()]
    .filter(({ samples }) => samples.at(-1)!.second === second)
    .map(
      ({ name, samples }) => `${name} ${Math.round(samples.at(-1)!.bytes / 1_048_576)}/${samples.at(-1)!.descriptors}`,
    )
  const time = `${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}`
  const snapshot = held ? ', snapshot held' : ''
  process.stderr.write(
    `${time}  ${dispatched} dispatched, ${due} due${snapshot}; MiB/descriptors: ${processes.join(', ')}\n`,
  )
}

async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await sleep(100)
  }
}

function number(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${option} is ${text}; allowed: a number above 0`)
  return value
}
