import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Admin } from '../client/admin.ts'
import { ApiError } from './errors.ts'
import type { Answer, Route } from './route.ts'

/** What is kept of an answer, to be given again. */
type Kept = Pick<Answer<unknown>, 'data' | 'message' | 'status' | 'headers'>

/** A server that dies holding a key leaves it free a minute later. */
const HOLD_EVERY_MS = 20_000

/**
 * A POST that carries an Idempotency-Key is carried out once, however often it comes within a day: its answer is given
 * again. What was refused was not done, and may come again under its key; so may what a server was doing when it died, since
 * nobody knows how far it came. A server that was only thought dead leaves the key to whoever has taken it since.
 */
export async function once(
  { accounts }: Pick<Admin, 'accounts'>,
  route: Route,
  request: FastifyRequest,
  carryOut: () => Promise<Answer<unknown>>,
): Promise<{ answer: Answer<unknown>; replayed: boolean }> {
  const given = request.headers['idempotency-key']
  if (route.method !== 'POST' || given === undefined || route.role === 'public')
    return { answer: await carryOut(), replayed: false }
  if (typeof given !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(given)) {
    const issue = { path: 'Idempotency-Key', message: 'allowed: 1 to 255 visible characters' }
    throw new ApiError('BAD_ARGUMENT', `Idempotency-Key is ${issue.message.replace('allowed: ', 'not ')}`, {
      issues: [issue],
    })
  }
  const key = hashOf([request.faenaCaller?.subject, route.operation, given])
  const what = hashOf([request.url, request.body ?? null])
  const taken = await accounts.takeKey(key, what)
  if ('request' in taken) return { answer: earlier(taken, what), replayed: true }
  // A hold that fails is made up for by the next; at worst the key is free before its request has ended.
  const holding = setInterval(() => void taken.hold().catch(() => {}), HOLD_EVERY_MS)
  try {
    const answer = await carryOut()
    const { data, message, status, headers } = answer
    await taken
      .keep(JSON.stringify({ data, message, status, headers } satisfies Kept))
      // It was done, and whoever asked is told so; a repetition within the minute hears that it is under way.
      .catch((cause) => request.log.error({ err: cause }, 'the answer of an Idempotency-Key could not be kept'))
    return { answer, replayed: false }
  } catch (error) {
    await taken.keep(null).catch(() => {})
    throw error
  } finally {
    clearInterval(holding)
  }
}

function earlier({ request, answer }: { request: string; answer: string | null }, what: string): Answer<unknown> {
  if (request !== what)
    throw new ApiError('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came before with another request')
  if (answer !== null) return JSON.parse(answer) as Kept
  throw new ApiError('IDEMPOTENCY_KEY_IN_USE', 'A request with this Idempotency-Key is still under way', {
    headers: { 'retry-after': '2' },
  })
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}
