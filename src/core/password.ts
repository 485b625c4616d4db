import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** Some 64 MiB and a tenth of a second for each guess. */
const COST = { N: 65_536, r: 8, p: 1 }
const KEY_BYTES = 32
const SALT_BYTES = 16

/** `scrypt$N$r$p$salt$key`, so that a later version may cost more and still check what an earlier one wrote. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derived(password, salt, COST, KEY_BYTES)
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** False also for a text that is no hash of ours. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [kind, N, r, p, salt = '', key = ''] = hash.split('$')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const expected = Buffer.from(key, 'base64url')
  if (kind !== 'scrypt' || !isCost(cost) || expected.length < 16 || expected.length > 64) return false
  return timingSafeEqual(await derived(password, Buffer.from(salt, 'base64url'), cost, expected.length), expected)
}

/** A hash that somebody else put there must not cost more memory than a server has. */
function isCost({ N, r, p }: typeof COST): boolean {
  const isPower = Number.isInteger(Math.log2(N))
  return (
    isPower &&
    N >= 1_024 &&
    N <= 1_048_576 &&
    r >= 1 &&
    r <= 32 &&
    p >= 1 &&
    p <= 16 &&
    128 * N * r <= 512 * 1024 * 1024
  )
}

function derived(password: string, salt: Buffer, cost: typeof COST, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, bytes, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
