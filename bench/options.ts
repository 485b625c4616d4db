import { parseArgs } from 'node:util'
import { CONTESTANTS } from './contestants/list.ts'
import { type Scale, WORKLOADS } from './workloads/list.ts'

export const HELP = `npm run bench [-- options]     Faena beside its peers on this machine, in one run

  --only=NAMES       contestants, by comma; a name stands for its variants too (faena: on every store)
  --on=STORES        only those on sqlite, postgres, mariadb, redis
  --workloads=NAMES  only some of: ${WORKLOADS.map(({ name }) => name).join(', ')}
  --full             every contestant and every workload, many hours, and the ratios to reach
  --rounds=N         runs of each measurement, interleaved; the table shows medians (default 3)
  --jobs=N           jobs of a bulk dispatch and a drain (default 30000, with --full 50000)
  --rows=N           pending and failed jobs each of the API's workloads (default 1000000)
  --into=FILE        keep the figures in FILE and show what it holds with them: a long run can be done in parts
  --profile=FOLDER   leave a CPU profile of each worker process there (figures are slower with it)
  --json             figures of every run as JSON instead of the tables
  --write            put the tables into docs/reference/benchmarks.md
  --list             who can be measured, with settings, and what the workloads are

Without options: six contestants, three workloads, about eight minutes. Nothing else should run on the machine meanwhile.
`

const SHORT = ['faena', 'plainjob-full', 'faena-pg', 'graphile-tuned', 'faena-mariadb', 'raw-mariadb']
const SHORT_WORKLOADS = ['single', 'drain', 'pickup']

const FULL_SCALE: Scale = {
  jobs: 50_000,
  singleMs: 3_000,
  pickups: 200,
  backlogs: [10_000, 100_000, 1_000_000],
  delayedBeside: 1_000_000,
  failedBeside: 5_000_000,
  snapshotJobs: 200_000,
  dueJobs: 20_000,
  processes: [1, 2, 4],
  processJobs: 400_000,
  dayMs: 300_000,
  pendingMany: 1_000_000,
  failedMany: 1_000_000,
  askedMs: 60_000,
  capMs: 40_000,
}

const SHORT_SCALE: Scale = {
  jobs: 30_000,
  singleMs: 2_000,
  pickups: 60,
  backlogs: [10_000, 100_000],
  delayedBeside: 100_000,
  failedBeside: 100_000,
  snapshotJobs: 100_000,
  dueJobs: 20_000,
  processes: [1, 2],
  processJobs: 100_000,
  dayMs: 20_000,
  pendingMany: 1_000_000,
  failedMany: 1_000_000,
  askedMs: 30_000,
  capMs: 15_000,
}

export interface Options {
  contestants: string[]
  workloads: string[]
  rounds: number
  scale: Scale
  full: boolean
  json: boolean
  write: boolean
  into: string | undefined
  profile: string | undefined
}

/** Reads the command line; `'help'` or `'list'` where it only asked for that. Throws with what is allowed. */
export function optionsFrom(args: readonly string[]): Options | 'help' | 'list' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      on: { type: 'string' },
      workloads: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      jobs: { type: 'string' },
      rows: { type: 'string' },
      into: { type: 'string' },
      profile: { type: 'string' },
      full: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (values.list) return 'list'
  const { full, json, write, into, profile } = values
  const usual = full ? FULL_SCALE : SHORT_SCALE
  const rows = values.rows === undefined ? usual.pendingMany : whole('--rows', values.rows)
  const scale = { ...usual, pendingMany: rows, failedMany: rows }
  const known = WORKLOADS.map(({ name }) => name)
  return {
    contestants: onStores(chosen(values.only, full || values.on ? products() : SHORT), values.on),
    workloads:
      values.workloads === undefined ? (full ? known : SHORT_WORKLOADS) : named('--workloads', values.workloads, known),
    rounds: whole('--rounds', values.rounds),
    scale: values.jobs === undefined ? scale : { ...scale, jobs: whole('--jobs', values.jobs) },
    full,
    json,
    write,
    into,
    profile,
  }
}

function products(): string[] {
  return Object.keys(CONTESTANTS).filter((name) => !CONTESTANTS[name]!.study)
}

function chosen(only: string | undefined, otherwise: readonly string[]): string[] {
  if (only === undefined) return [...otherwise]
  const known = Object.keys(CONTESTANTS)
  const meant = only.split(',').flatMap((name) => {
    const family = known.filter((one) => one === name || one.startsWith(`${name}-`))
    return family.length > 0 ? family : named('--only', name, known)
  })
  return [...new Set(meant)]
}

function onStores(contestants: string[], on: string | undefined): string[] {
  if (on === undefined) return contestants
  const stores = named('--on', on, [...new Set(Object.values(CONTESTANTS).map((entry) => entry.on))])
  return contestants.filter((name) => stores.includes(CONTESTANTS[name]!.on))
}

function named(option: string, text: string, known: readonly string[]): string[] {
  const names = text.split(',')
  const strange = names.find((name) => !known.includes(name))
  if (strange !== undefined)
    throw new Error(`${option} has ${JSON.stringify(strange)}; allowed are ${known.join(', ')}`)
  return names
}

function whole(option: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`${option} is ${JSON.stringify(text)}; allowed is a whole number above 0`)
}
