import { createHash, randomFillSync } from 'node:crypto'

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const pool = new Uint8Array(4096)
let used = pool.length

/**
 * A UUID version 7 (RFC 9562 §5.7): 48 bits of unix milliseconds, then random bits. It sorts by time, so an index on it
 * grows at one end and a page of rows written together stays together.
 */
export function uuidv7(now: number = Date.now()): string {
  if (used > pool.length - 10) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += 10
  const high = Math.floor(now / 0x10000)
  const low = now % 0x10000
  return (
    HEX[(high >>> 24) & 255]! +
    HEX[(high >>> 16) & 255]! +
    HEX[(high >>> 8) & 255]! +
    HEX[high & 255]! +
    '-' +
    HEX[low >>> 8]! +
    HEX[low & 255]! +
    '-' +
    HEX[0x70 | (pool[at]! & 0x0f)]! +
    HEX[pool[at + 1]!]! +
    '-' +
    HEX[0x80 | (pool[at + 2]! & 0x3f)]! +
    HEX[pool[at + 3]!]! +
    '-' +
    HEX[pool[at + 4]!]! +
    HEX[pool[at + 5]!]! +
    HEX[pool[at + 6]!]! +
    HEX[pool[at + 7]!]! +
    HEX[pool[at + 8]!]! +
    HEX[pool[at + 9]!]!
  )
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
