import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import type { FaenaConfig } from '../core/config.ts'
import { FaenaError } from '../core/errors.ts'
import { type Settings, settingsFrom } from '../core/settings.ts'

export interface Configuration {
  settings: Settings
  /** The configuration file, or null where there is none. */
  path: string | null
  /** Where globs of handlers start: the configuration's folder, else the current one. */
  folder: string
  /** Variables that .env gave, and the environment did not. */
  envFile: ReadonlySet<string>
}

const NAMES = ['faena.config.ts', 'faena.config.mts', 'faena.config.js', 'faena.config.mjs']

/**
 * Reads .env and the configuration file of the current folder (or `path`). What .env gives and the environment lacks is
 * put into the environment, where handlers look for it. Throws BAD_CONFIGURATION with the reason.
 */
export async function loadConfiguration(env: NodeJS.ProcessEnv, given: string | undefined): Promise<Configuration> {
  const envFile = readEnvFile(env)
  const path =
    given === undefined ? NAMES.map((name) => resolve(name)).find((name) => existsSync(name)) : resolve(given)
  if (given !== undefined && !existsSync(path!)) {
    throw new FaenaError('BAD_CONFIGURATION', `--config is ${given}; there is no such file`)
  }
  const file = path === undefined ? {} : await importConfiguration(path)
  return {
    settings: settingsFrom(env, file),
    path: path ?? null,
    folder: path === undefined ? process.cwd() : dirname(path),
    envFile,
  }
}

/** Takes over what .env gives and the environment lacks; answers which. */
export function readEnvFile(env: NodeJS.ProcessEnv): Set<string> {
  const given = new Set<string>()
  let text: string
  try {
    text = readFileSync('.env', 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return given
    throw new FaenaError('BAD_CONFIGURATION', `.env cannot be read: ${(cause as Error).message}`, { cause })
  }
  for (const [name, value] of Object.entries(parseEnv(text))) {
    if (env[name] !== undefined) continue
    env[name] = value
    given.add(name)
  }
  return given
}

async function importConfiguration(path: string): Promise<FaenaConfig> {
  const name = basename(path)
  let module: { default?: FaenaConfig }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (cause) {
    if (cause instanceof FaenaError) throw new FaenaError('BAD_CONFIGURATION', `${name}: ${cause.message}`, { cause })
    throw new FaenaError('BAD_CONFIGURATION', `${name} could not be loaded: ${reasonOf(cause)}`, { cause })
  }
  if (module.default !== undefined) return module.default
  throw new FaenaError('BAD_CONFIGURATION', `${name} has no default export; write: export default defineConfig({ … })`)
}

/** The error's own words, and for a syntax error where it is. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = error.name === 'SyntaxError' ? /^\S+:\d+/.exec(error.stack ?? '')?.[0] : undefined
  return `${error.name}: ${error.message.split('\n', 1)[0]}${place === undefined ? '' : ` (${place})`}`
}
