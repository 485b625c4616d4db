import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FaenaError } from '../core/errors.ts'
import { secretOf } from '../core/readers.ts'
import type { Settings } from '../core/settings.ts'
import type { AuthOptions } from '../http/guard.ts'

/** Where a secret lies that nobody configured. */
const FILE = 'jwt-secret'

export interface ApiKeys {
  auth: AuthOptions
  /** What whoever starts the server should know. */
  notices: string[]
}

/**
 * What tokens are checked with, from the settings. On a developer's machine a secret is made at the first start and kept in
 * the data folder, readable by its owner alone. Throws BAD_CONFIGURATION where that would be careless.
 */
export function apiKeys(settings: Settings, env: NodeJS.ProcessEnv): ApiKeys {
  const { jwtPublicKey, jwtJwksUrl, jwtSecret } = settings
  if (jwtSecret !== null || jwtPublicKey !== null || jwtJwksUrl !== null) return { auth: authOf(settings), notices: [] }
  refuseUnconfigured(settings, env)
  const { secret, made, path } = keptSecret(settings.data)
  const notices = made
    ? [`A secret for tokens was made and kept in ${path}; only you can read it. Tokens: faena token`]
    : []
  return { auth: authOf({ ...settings, jwtSecret: secret }), notices }
}

function authOf(settings: Settings): AuthOptions {
  const { jwtPublicKey: given, defaultRole, roleClaim } = settings
  return {
    secret: settings.jwtSecret ?? undefined,
    publicKey: given === null ? undefined : pemOf(given),
    jwksUrl: settings.jwtJwksUrl ?? undefined,
    algorithm: settings.jwtAlgorithm ?? undefined,
    keyId: settings.jwtKeyId ?? undefined,
    issuer: settings.jwtIssuer ?? undefined,
    audience: settings.jwtAudience ?? undefined,
    roleClaim,
    defaultRole,
  }
}

function pemOf(given: string): string {
  if (given.includes('-----BEGIN')) return given
  try {
    return readFileSync(given, 'utf8')
  } catch (cause) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `FAENA_JWT_PUBLIC_KEY is ${given}; allowed: a public key in PEM form, or the path of its file`,
      { cause },
    )
  }
}

/** A secret made by the way is for one machine: in production each start elsewhere would have another one. */
function refuseUnconfigured({ host }: Settings, env: NodeJS.ProcessEnv): void {
  const production = env.NODE_ENV === 'production'
  if (!production && isLoopback(host)) return
  const why = production ? 'NODE_ENV is production' : `FAENA_HOST is ${host}, which others can reach`
  throw new FaenaError(
    'BAD_CONFIGURATION',
    `${why}, and nothing is configured to check tokens with; set FAENA_JWT_SECRET (\`openssl rand -hex 32\` makes one), ` +
      'FAENA_JWT_PUBLIC_KEY or FAENA_JWT_JWKS_URL',
  )
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function keptSecret(folder: string): { secret: string; made: boolean; path: string } {
  const path = join(folder, FILE)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    if (kept(path, randomBytes(32).toString('hex'))) return { secret: readSecret(path), made: true, path }
  }
  return { secret: readSecret(path), made: false, path }
}

/** Whole or not at all; false if another start was faster, whose secret counts then. */
function kept(path: string, secret: string): boolean {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${secret}\n`, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    unlinkSync(draft)
  }
}

function readSecret(path: string): string {
  // Whoever copied it about may have opened it to others.
  if ((statSync(path).mode & 0o077) !== 0 && process.platform !== 'win32') chmodSync(path, 0o600)
  return secretOf(readFileSync(path, 'utf8').trim(), resolve(path))
}
