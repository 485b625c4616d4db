import { Type } from 'typebox'
import type { FeedEvent } from '../../client/feed.ts'
import { BEAT_MS } from '../beat.ts'
import { isoText } from '../contract/operations.ts'
import { ApiError } from '../errors.ts'
import { type Call, route, STREAMED } from '../route.ts'

/** Streams of one subject at once: a browser with many tabs, and no more. */
const MOST_STREAMS = 10
/** Bytes a listener may be behind before it is cut off; it comes back and reads what it missed. */
const MOST_BEHIND = 1_048_576

const streams = new Map<string, number>()

export const getEvents = route({
  method: 'GET',
  path: '/events',
  operation: 'getEvents',
  role: 'viewer',
  group: 'History',
  summary: 'What happens, as it happens: server-sent events',
  description:
    'counts (as GET /status), worker, failed and operation. Hints, not a record: after a gap read the lists anew. ' +
    'Last-Event-ID has what was missed come first, as far as it is remembered. Ends when the token or session does; ' +
    'within seconds where that is revoked, logged out, or its user removed.',
  query: Type.Object({}),
  data: Type.Unsafe<string>({ type: 'string', description: 'Events' }),
  stream: 'text/event-stream',
  example: 'id: k3x-1\nevent: counts\ndata: {"failed_jobs_count":5}\n\n',
  async carryOut(call) {
    const { caller, request, reply, gone, services } = call
    const open = streams.get(caller.subject) ?? 0
    if (open >= MOST_STREAMS) {
      throw new ApiError('RATE_LIMITED', `More than ${MOST_STREAMS} streams at once`, {
        headers: { 'retry-after': '10' },
      })
    }
    reply.hijack()
    const { raw } = reply
    const headers = {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    }
    raw.writeHead(200, headers as Record<string, string>)
    raw.write('retry: 3000\n\n')
    // Who left while he was let in is not counted: his `close` has been.
    if (gone.aborted) {
      raw.end()
      return STREAMED
    }
    streams.set(caller.subject, open + 1)
    const lastId = request.headers['last-event-id']
    const unsubscribe = services.admin.feed.subscribe(
      (event) => {
        if (raw.writableLength > MOST_BEHIND) raw.destroy()
        else raw.write(lineOf(event))
      },
      typeof lastId === 'string' ? lastId : undefined,
    )
    // A store that takes longer than a beat is not asked by each once more.
    let looking = false
    const beat = setInterval(async () => {
      raw.write(': beat\n\n')
      if (looking) return
      looking = true
      if (!(await mayListen(call))) end()
      looking = false
    }, BEAT_MS)
    const stop = () => {
      unsubscribe()
      clearInterval(beat)
      clearTimeout(limit)
    }
    let cut: NodeJS.Timeout | undefined
    // Nothing is written after the end. Who does not read up to it by the time of another beat is cut off.
    const end = () => {
      stop()
      if (raw.writableEnded) return
      raw.end()
      cut = setTimeout(() => raw.destroy(), BEAT_MS).unref()
    }
    const limit = setTimeout(end, Math.min(caller.until - Date.now(), 2 ** 31 - 1))
    raw.once('close', () => {
      stop()
      clearTimeout(cut)
      const left = (streams.get(caller.subject) ?? 1) - 1
      if (left <= 0) streams.delete(caller.subject)
      else streams.set(caller.subject, left)
    })
    gone.addEventListener('abort', end)
    return STREAMED
  },
})

/**
 * Whether the token or session that was let in still counts. Yes while the store cannot say: then it has nothing to tell
 * either, and is asked again at the next beat.
 */
async function mayListen({ caller, request, services: { admin, sessions } }: Call<unknown, unknown, unknown>) {
  try {
    if (caller.roleFrom === 'session') return (await sessions.caller(request)) !== undefined
    return caller.tokenId === null || !(await admin.accounts.isRevoked(caller.tokenId))
  } catch (error) {
    return !(error instanceof ApiError && error.status === 401)
  }
}

function lineOf(event: FeedEvent): string {
  return `id: ${event.epoch}-${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(dataOf(event))}\n\n`
}

function dataOf(event: FeedEvent): unknown {
  if (event.type === 'worker') {
    const { id, name, state, running } = event.data.worker
    return { change: event.data.change, worker: { id, name, state, running } }
  }
  if (event.type !== 'counts') return event.data
  const { at, queues, failed, oldestDue } = event.data
  return {
    at: isoText(at),
    queues: queues.map(({ queue, due, delayed, reserved }) => ({ queue, due, delayed, reserved })),
    failed_jobs_count: failed,
    oldest_pending_age_seconds: oldestDue && Math.max(0, Math.floor(oldestDue.ageMs / 1_000)),
  }
}
