import { createHash, randomFillSync } from 'node:crypto'

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DIGITS = Buffer.from('0123456789abcdef')
/** Random bytes, used up from the end. */
const pool = new Uint8Array(4096)
let left = 0
/** Each UUID is written over the last one. Joined from pieces, a text of 36 characters would weigh half a kilobyte. */
const written = Buffer.from('00000000-0000-7000-8000-000000000000')

/** The millisecond of the last UUID, and the counter within it. */
let lastAt = -1
let counter = 0

/**
 * A UUID version 7 (RFC 9562 §5.7): 48 bits of unix milliseconds, a counter of 26 bits, 48 random bits. Those of one process
 * rise with time, and within a millisecond in the order they were made (§6.2, method 1: the counter begins at random in each
 * millisecond, in its lower half). So an index on them grows at one end only, and costs a third of what it would otherwise.
 */
export function uuidv7(now: number = Date.now()): string {
  if (left < 10) {
    randomFillSync(pool)
    left = pool.length
  }
  if (now !== lastAt) beginAt(now)
  else if ((++counter & 255) === 0) putCounter()
  put(21, counter & 255)
  left -= 6
  put(24, pool[left]!)
  put(26, pool[left + 1]!)
  put(28, pool[left + 2]!)
  put(30, pool[left + 3]!)
  put(32, pool[left + 4]!)
  put(34, pool[left + 5]!)
  return written.toString('latin1')
}

function beginAt(now: number): void {
  lastAt = now
  left -= 4
  counter = ((pool[left]! & 1) << 24) | (pool[left + 1]! << 16) | (pool[left + 2]! << 8) | pool[left + 3]!
  const high = Math.floor(now / 0x10000)
  const low = now % 0x10000
  put(0, (high >>> 24) & 255)
  put(2, (high >>> 16) & 255)
  put(4, (high >>> 8) & 255)
  put(6, high & 255)
  put(9, low >>> 8)
  put(11, low & 255)
  putCounter()
}

/** All of the counter but its last byte, which each UUID puts itself. */
function putCounter(): void {
  put(14, 0x70 | ((counter >>> 22) & 15))
  put(16, (counter >>> 14) & 255)
  put(19, 0x80 | ((counter >>> 8) & 63))
}

function put(at: number, byte: number): void {
  written[at] = DIGITS[byte >>> 4]!
  written[at + 1] = DIGITS[byte & 15]!
}

/**
 * A UUID version 8 (RFC 9562 §5.8) that the same instant and seed always give: the instant as in version 7, then a hash of
 * both. For jobs that several processes may try to store, each of which must come to the same identity.
 */
export function derivedUuid(at: number, seed: string): string {
  const hash = createHash('sha256').update(`${at}\n${seed}`).digest('hex')
  const time = Math.floor(at).toString(16).padStart(12, '0').slice(-12)
  const variant = (8 | (Number.parseInt(hash[3]!, 16) & 3)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-8${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`
}

export function isUuid(text: string): boolean {
  return FORM.test(text)
}
