import { createPublicKey, type KeyObject } from 'node:crypto'
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose'
import { PUBLIC_KEY_ALGORITHMS, type PublicKeyAlgorithm } from '../../core/config.ts'
import { FaenaError, notAllowed } from '../../core/errors.ts'

/** Exactly one of `secret`, `publicKey` and `jwksUrl`. */
export interface KeyOptions {
  /** HS256: at least 32 bytes. */
  secret?: string
  /** PEM of a public key: Ed25519, P-256 or RSA of at least 2048 bits. */
  publicKey?: string
  /** Where the issuer publishes its keys; https, or http on this machine. */
  jwksUrl?: string
  /** Of `jwksUrl`: the only algorithm that is taken; default all three. Of `publicKey`: must fit the key. */
  algorithm?: PublicKeyAlgorithm
  /** What tokens call the one key of `secret` or `publicKey`. Left out, a token that names a key is refused. */
  keyId?: string
}

/** What tokens are checked with. The algorithms are fixed here; a token's own word on them decides nothing. */
export interface Keys {
  readonly algorithms: readonly string[]
  readonly keyId: string | undefined
  readonly key: Uint8Array | KeyObject | JWTVerifyGetKey
  /** Keys are looked up by the name a token gives. */
  readonly named: boolean
}

const SHORTEST_SECRET = 32
const SHORTEST_RSA = 2_048

/** Throws BAD_CONFIGURATION; a secret's value is never part of it. */
export function keysFrom(options: KeyOptions): Keys {
  const { secret, publicKey, jwksUrl, algorithm, keyId } = options
  const given = [secret, publicKey, jwksUrl].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `${given.length === 0 ? 'Nothing is' : 'Several things are'} configured to check tokens with; allowed: exactly one of ` +
        'FAENA_JWT_SECRET, FAENA_JWT_PUBLIC_KEY, FAENA_JWT_JWKS_URL',
    )
  }
  if (secret !== undefined) return { algorithms: ['HS256'], key: secretBytes(secret), keyId, named: false }
  if (publicKey !== undefined) return { ...ofPem(publicKey, algorithm), keyId, named: false }
  return {
    algorithms: algorithm === undefined ? PUBLIC_KEY_ALGORITHMS : [algorithm],
    key: createRemoteJWKSet(jwksAddress(jwksUrl!), {
      timeoutDuration: 3_000,
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
    }),
    keyId: undefined,
    named: true,
  }
}

export function secretBytes(secret: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret)
  if (bytes.length < SHORTEST_SECRET) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `The secret for tokens has ${bytes.length} bytes; allowed: at least ${SHORTEST_SECRET}, as \`openssl rand -hex 32\` makes`,
    )
  }
  return bytes
}

/** The kind of key decides which algorithm is taken, never the text around it. */
function ofPem(pem: string, wanted: PublicKeyAlgorithm | undefined): { algorithms: string[]; key: KeyObject } {
  if (/PRIVATE KEY/.test(pem)) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      'FAENA_JWT_PUBLIC_KEY holds a private key; allowed: the public one, which is all that checking needs',
    )
  }
  const key = readPem(pem)
  const algorithm = algorithmFor(key)
  if (wanted !== undefined && wanted !== algorithm) {
    throw notAllowed(
      'BAD_CONFIGURATION',
      'FAENA_JWT_ALGORITHM',
      wanted,
      `${algorithm}, which is what the configured key is for`,
    )
  }
  return { algorithms: [algorithm], key }
}

function readPem(pem: string): KeyObject {
  try {
    return createPublicKey({ key: pem.replaceAll('\\n', '\n'), format: 'pem' })
  } catch (cause) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `FAENA_JWT_PUBLIC_KEY is no public key in PEM form (${(cause as Error).message})`,
      { cause },
    )
  }
}

function algorithmFor(key: KeyObject): PublicKeyAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ed25519') return 'EdDSA'
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256'
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= SHORTEST_RSA) return 'RS256'
  const shown = `${type} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim()
  throw notAllowed(
    'BAD_CONFIGURATION',
    'the key of FAENA_JWT_PUBLIC_KEY',
    shown,
    `Ed25519, P-256, or RSA of at least ${SHORTEST_RSA} bits`,
  )
}

function jwksAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isLocal = url !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url
  throw notAllowed('BAD_CONFIGURATION', 'FAENA_JWT_JWKS_URL', address, 'an https address (http only on this machine)')
}
