import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Ms that a test may take which asks for software: on a new machine it comes by apt-get, perhaps after others. */
export const INSTALLING_MS = 180_000
/** Held while apt-get runs, which fails where two of our processes call it at once. */
const LOCK = join(tmpdir(), 'faena-tests-apt.lock')

export interface Software {
  /** What people call it. */
  name: string
  /** A program that tells whether it is here. */
  program: string
  /** Where it may lie beside PATH; globs, the last one found wins. */
  folders: readonly string[]
  /** Debian's package. */
  package: string
}

/** The folder of `program`, or undefined where it is not installed. */
export function findProgram({ program, folders }: Software): string | undefined {
  const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = folders.flatMap((pattern) =>
    globSync(pattern).sort((a, b) => a.localeCompare(b, 'en', { numeric: true })),
  )
  return [...inPath, ...found].findLast((folder) => existsSync(join(folder, program)))
}

/** Why the server cannot be had here and how to get it, or undefined where it is installed or can be. */
export function missing(software: Software): string | undefined {
  if (findProgram(software) !== undefined || canInstall()) return undefined
  return `${software.name} is not installed; install ${software.package} or name a server by its FAENA_TEST_…_URL`
}

/** The folder of the program; installs the package first where that is needed and allowed (root on Debian), saying so. */
export async function ensureInstalled(software: Software): Promise<string> {
  const found = findProgram(software)
  if (found !== undefined) return found
  if (!canInstall()) throw new Error(missing(software))
  console.error(`tests: installing ${software.package} by apt-get, since ${software.name} is not here`)
  await apt('update')
  await apt('install', '--yes', '--no-install-recommends', software.package)
  const installed = findProgram(software)
  if (installed === undefined)
    throw new Error(`${software.package} was installed, but ${software.program} is not there`)
  return installed
}

async function apt(...command: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Daemons that a package starts would keep a pipe open.
  const running = spawn('flock', [LOCK, 'apt-get', ...command], { stdio: 'ignore', env })
  const [code] = await once(running, 'exit')
  if (code !== 0) throw new Error(`apt-get ${command.join(' ')} ended with exit code ${code}`)
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version')
}
