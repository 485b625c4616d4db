import { notAllowed } from './errors.ts'
import { isExact } from './exact-json.ts'

/** What stands in place of a secret. */
export const MASK = '***'

/** Within a key however it is written: `userPassword`, `API_TOKEN`, `client-secret`. */
const ANYWHERE = 'password passwd passphrase secret token authorization credential apikey privatekey accesskey'.split(
  ' ',
)
/** Words of a key: `card_number` and `creditCard`, and not `discard`. */
const WORDS = 'pwd pass auth cookie cookies card cvv cvc iban pin otp'.split(' ')

const DEEPEST = 100

export interface Masker {
  /** A copy of plain data with the values of secret keys masked, at any depth, and secrets inside texts too. */
  value(value: unknown): unknown
  /** A text with what looks like a secret masked: passwords in URLs and settings, bearer tokens, JSON web tokens. */
  text(text: string): string
}

/**
 * Masks by the names of keys. `patterns`: further ones parted by commas, where `*` stands for any letters (`email,phone*`);
 * with `-` before it a word of the usual ones is taken out. Throws BAD_CONFIGURATION for one that is none.
 */
export function masker(patterns = '', setting = 'FAENA_MASK'): Masker {
  const given = patterns
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  for (const part of given) {
    if (!/^-?[A-Za-z0-9_*-]{1,64}$/.test(part) || /^[-*]*$/.test(part)) {
      throw notAllowed('BAD_CONFIGURATION', setting, part, 'names of keys parted by commas, as in email,phone*,-pin')
    }
  }
  const left = new Set(given.filter((part) => part.startsWith('-')).map((part) => part.slice(1).toLowerCase()))
  const anywhere = ANYWHERE.filter((word) => !left.has(word))
  const words = new Set(WORDS.filter((word) => !left.has(word)))
  const more = given.filter((part) => !part.startsWith('-')).map(pattern)
  const known = new Map<string, boolean>()
  const isSecret = (key: string) => {
    const seen = known.get(key)
    if (seen !== undefined) return seen
    const joined = key.toLowerCase().replace(/[^a-z0-9]/g, '')
    const secret =
      anywhere.some((word) => joined.includes(word)) ||
      wordsOf(key).some((word) => words.has(word)) ||
      more.some((each) => each.test(joined))
    if (known.size > MOST_KNOWN) known.clear()
    known.set(key, secret)
    return secret
  }
  return { value: (value) => masked(value, isSecret, 0), text: maskText }
}

const MOST_KNOWN = 5_000

function masked(value: unknown, isSecret: (key: string) => boolean, depth: number): unknown {
  if (typeof value === 'string') return maskText(value)
  if (typeof value !== 'object' || value === null || isExact(value)) return value
  if (depth > DEEPEST) return MASK
  if (Array.isArray(value)) return value.map((each) => masked(each, isSecret, depth + 1))
  const copy = Object.create(null) as Record<string, unknown>
  for (const [key, each] of Object.entries(value)) {
    // That there is none, or that it is on, tells nobody the secret.
    const hidden = each !== null && each !== undefined && typeof each !== 'boolean' && each !== '' && isSecret(key)
    copy[key] = hidden ? MASK : masked(each, isSecret, depth + 1)
  }
  return copy
}

/** `creditCardNumber` and `CREDIT_CARD` → credit, card, … */
function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
}

function pattern(part: string): RegExp {
  const letters = part
    .toLowerCase()
    .split('*')
    .map((piece) => piece.replace(/[^a-z0-9]/g, ''))
  return new RegExp(`^${letters.join('[a-z0-9]*')}$`)
}

/** Each with bounded repetitions only, so that no text makes them slow. */
const SECRETS_IN_TEXT: readonly [RegExp, string][] = [
  [/([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,100}:)[^\s/@]{1,300}@/gi, `$1${MASK}@`],
  [/\b(bearer|basic) [\w+/.~-]{8,4000}={0,2}/gi, `$1 ${MASK}`],
  [/\beyJ[\w-]{5,4000}\.[\w-]{5,4000}\.[\w-]{0,4000}/g, MASK],
  [
    /\b((?:[\w-]{0,30}[_-])?(?:password|passwd|pwd|secret|token|api[_-]?key)["']?\s{0,3}[=:]\s{0,3})("[^"\n]{1,300}"|'[^'\n]{1,300}'|[^\s,;&"'})]{1,300})/gi,
    `$1${MASK}`,
  ],
]

function maskText(text: string): string {
  let shown = text
  for (const [secret, mask] of SECRETS_IN_TEXT) shown = shown.replace(secret, mask)
  return shown
}
