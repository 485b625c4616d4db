import { Type } from 'typebox'
import type { FeedEvent } from '../../client/feed.ts'
import { isoText } from '../contract/operations.ts'
import { ApiError } from '../errors.ts'
import { route, STREAMED } from '../route.ts'

/** Streams of one subject at once: a browser with many tabs, and no more. */
const MOST_STREAMS = 10
const BEAT_MS = 15_000
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
    'Last-Event-ID has what was missed come first, as far as it is remembered. Ends when the token or session does.',
  query: Type.Object({}),
  data: Type.Unsafe<string>({ type: 'string', description: 'Events' }),
  stream: 'text/event-stream',
  example: 'id: k3x-1\nevent: counts\ndata: {"failed_jobs_count":5}\n\n',
  async carryOut({ caller, request, reply, gone, services: { admin } }) {
    const open = streams.get(caller.subject) ?? 0
    if (open >= MOST_STREAMS) {
      throw new ApiError('RATE_LIMITED', `More than ${MOST_STREAMS} streams at once`, {
        headers: { 'retry-after': '10' },
      })
    }
    streams.set(caller.subject, open + 1)
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
    const lastId = request.headers['last-event-id']
    const end = () => raw.end()
    const unsubscribe = admin.feed.subscribe(
      (event) => {
        if (raw.writableLength > MOST_BEHIND) raw.destroy()
        else raw.write(lineOf(event))
      },
      typeof lastId === 'string' ? lastId : undefined,
    )
    const beat = setInterval(() => raw.write(': beat\n\n'), BEAT_MS)
    const limit = setTimeout(end, Math.min(caller.until - Date.now(), 2 ** 31 - 1))
    raw.once('close', () => {
      unsubscribe()
      clearInterval(beat)
      clearTimeout(limit)
      const left = (streams.get(caller.subject) ?? 1) - 1
      if (left <= 0) streams.delete(caller.subject)
      else streams.set(caller.subject, left)
    })
    if (gone.aborted) end()
    gone.addEventListener('abort', end)
    return STREAMED
  },
})

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
