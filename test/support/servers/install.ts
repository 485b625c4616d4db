import { execFileSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

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
export function ensureInstalled(software: Software): string {
  const found = findProgram(software)
  if (found !== undefined) return found
  if (!canInstall()) throw new Error(missing(software))
  console.error(`tests: installing ${software.package} by apt-get, since ${software.name} is not here`)
  const apt = (...command: string[]) =>
    execFileSync('apt-get', command, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  apt('update')
  apt('install', '--yes', '--no-install-recommends', software.package)
  const installed = findProgram(software)
  if (installed === undefined)
    throw new Error(`${software.package} was installed, but ${software.program} is not there`)
  return installed
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version')
}
