import { type Duration, milliseconds } from './duration.ts'
import { wholeNumber } from './job.ts'
import { bad, listOf, textOf } from './readers.ts'

/** How one knows that a process can be used: one of these. */
export type ReadyDefinition =
  /** Something accepts connections: a port of this machine, or `'host:port'`. */
  | { tcp: number | string }
  /** A GET of this address is answered with a status below 400. */
  | { http: string }
  /** This command ends with exit code 0. */
  | { command: string }
  /** A line of its output holds this text, or matches. */
  | { log: string | RegExp }

/** A command of the project that `faena dev` keeps running. */
export interface ProcessDefinition {
  /** A line for the shell. */
  command: string
  /** From the configuration's folder; default that folder. */
  cwd?: string
  env?: Readonly<Record<string, string>>
  /** Names of other processes, or `api` and `worker`, that must be ready before this one starts. */
  dependsOn?: string | readonly string[]
  /** Default: ready as soon as it was started. */
  ready?: ReadyDefinition
  /** How long it may take to become ready; default 60 s. */
  readyWithin?: Duration
  /** It runs to its end, and is ready when it ended with exit code 0: migrations, a build. */
  once?: boolean
}

export type ReadyPlan =
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'http'; url: string }
  | { kind: 'command'; command: string }
  /** A regular expression, as text: the plan goes from process to process. */
  | { kind: 'log'; pattern: string; flags: string }

export interface ProcessPlan {
  name: string
  command: string
  cwd: string
  env: Readonly<Record<string, string>>
  dependsOn: readonly string[]
  ready: ReadyPlan | null
  readyWithinMs: number
  once: boolean
}

/** Faena's own processes, beside those of the project. */
export const OWN_PROCESSES = ['api', 'worker'] as const

const KEYS = 'command, cwd, env, dependsOn, ready, readyWithin, once'
const READY = "one of { tcp: 5432 }, { http: 'http://127.0.0.1:3000' }, { command: '…' }, { log: 'text of a line' }"
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/

/** All of `processes` in the configuration, checked; none waits for itself by a way round. */
export function processesOf(value: unknown, where: string): ProcessPlan[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(where, value, "an object of commands by name: { web: 'npm run dev' }")
  const plans = Object.entries(value).map(([name, one]) => processPlan(name, one, where))
  const names = plans.map(({ name }) => name)
  for (const { name, dependsOn } of plans) {
    const unknown = dependsOn.find((one) => one === name || ![...names, ...OWN_PROCESSES].includes(one))
    const others = [...names.filter((one) => one !== name), ...OWN_PROCESSES]
    if (unknown !== undefined) throw bad(`dependsOn of ${name} of ${where}`, unknown, others.join(', '))
  }
  refuseCircles(plans, where)
  return plans
}

function processPlan(name: string, value: unknown, where: string): ProcessPlan {
  if (!NAME.test(name)) throw bad(`a name in ${where}`, name, 'letters, digits, dots, dashes, underscores; at most 32')
  if (OWN_PROCESSES.includes(name as 'api'))
    throw bad(`a name in ${where}`, name, `another one: ${name} is what Faena itself runs`)
  const at = (key: string) => `${key} of ${name} of ${where}`
  const given = (typeof value === 'string' ? { command: value } : value) as ProcessDefinition
  if (typeof given !== 'object' || given === null) throw bad(`${name} of ${where}`, value, `a command, or { ${KEYS} }`)
  const unknown = Object.keys(given).find((key) => !KEYS.split(', ').includes(key))
  if (unknown !== undefined) throw bad(`a setting of ${name} of ${where}`, unknown, KEYS)
  const once = given.once ?? false
  if (typeof once !== 'boolean') throw bad(at('once'), once, 'true, false')
  if (once && given.ready !== undefined)
    throw bad(at('ready'), given.ready, 'none with once, which is ready when it has ended')
  return {
    name,
    command: textOf(given.command, at('command')),
    cwd: given.cwd === undefined ? '.' : textOf(given.cwd, at('cwd')),
    env: envOf(given.env ?? {}, at('env')),
    dependsOn: given.dependsOn === undefined ? [] : listOf(given.dependsOn).map((one) => textOf(one, at('dependsOn'))),
    ready: given.ready === undefined ? null : readyPlan(given.ready, at('ready')),
    readyWithinMs: milliseconds(given.readyWithin ?? '60s', at('readyWithin')),
    once,
  }
}

function readyPlan(value: unknown, name: string): ReadyPlan {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const [kind, what] = entries[0] ?? []
  if (entries.length !== 1) throw bad(name, value, READY)
  switch (kind) {
    case 'tcp':
      return { kind, ...placeOf(what, `tcp in ${name}`) }
    case 'http':
      if (typeof what !== 'string' || !URL.canParse(what) || !/^https?:/.test(what))
        throw bad(`http in ${name}`, what, 'an address such as http://127.0.0.1:3000/health')
      return { kind, url: what }
    case 'command':
      return { kind, command: textOf(what, `command in ${name}`) }
    case 'log':
      if (what instanceof RegExp) return { kind, pattern: what.source, flags: what.flags.replace(/[gy]/g, '') }
      return { kind, pattern: textOf(what, `log in ${name}`).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags: '' }
    default:
      throw bad(name, value, READY)
  }
}

function placeOf(value: unknown, name: string): { host: string; port: number } {
  if (typeof value === 'number') return { host: '127.0.0.1', port: wholeNumber(value, 1, 65_535, name) }
  const [, host, port] = /^(.+):(\d+)$/.exec(String(value)) ?? []
  if (host === undefined) throw bad(name, value, "a port, or 'host:port'")
  return { host: host.replace(/^\[|\]$/g, ''), port: wholeNumber(Number(port), 1, 65_535, name) }
}

function envOf(value: unknown, name: string): Record<string, string> {
  const wrong = typeof value !== 'object' || value === null || Object.values(value).some((v) => typeof v !== 'string')
  if (wrong) throw bad(name, value, 'an object of texts')
  return { ...(value as Record<string, string>) }
}

function refuseCircles(plans: readonly ProcessPlan[], where: string): void {
  const byName = new Map(plans.map((plan) => [plan.name, plan]))
  const follow = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) {
      const circle = [...way.slice(way.indexOf(name)), name]
      throw bad(`dependsOn of ${name} of ${where}`, circle.join(' → '), 'processes that do not wait for one another')
    }
    for (const other of byName.get(name)?.dependsOn ?? []) follow(other, [...way, name])
  }
  for (const { name } of plans) follow(name, [])
}
