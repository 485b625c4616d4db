import { expect, onTestFinished, test, vi } from 'vitest'
import type { ServerEvent } from './events.ts'
import { Live, type LiveMode } from './live.ts'

/** A server as the stream sees it: what it answers is decided line by line. */
function serverOf(answer: (headers: Headers, open: Stream) => Response | Promise<Response>) {
  const opened: Headers[] = []
  const fetch = (async (_url: string, { headers, signal }: RequestInit) => {
    const given = new Headers(headers)
    opened.push(given)
    const stream = new Stream(signal ?? undefined)
    return answer(given, stream)
  }) as unknown as typeof globalThis.fetch
  return { fetch, opened }
}

class Stream {
  readonly response: Response
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

  constructor(signal?: AbortSignal) {
    this.response = new Response(
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (controller) => {
          this.#controller = controller
          signal?.addEventListener('abort', () => this.end())
        },
      }),
    )
  }

  send(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text))
  }

  end(): void {
    try {
      this.#controller.close()
    } catch {
      // It has ended already.
    }
  }
}

function liveOn(fetch: typeof globalThis.fetch, onCatchUp: () => Promise<void> = async () => undefined) {
  const events: ServerEvent[] = []
  const onSessionOver = vi.fn()
  const live = new Live({
    fetch,
    onEvent: (event) => events.push(event),
    onCatchUp,
    onSessionOver,
    mounted: (path) => path,
  })
  const reached = (mode: LiveMode) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (live.state.mode !== mode) return
        off()
        resolve()
      }
      const off = live.subscribe(look)
      look()
    })
  return { live, events, onSessionOver, reached }
}

/** Time stands still but where the test moves it. */
function ownTime() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

test('events are handed on as they come, and a stream that ended goes on from the last of them', async () => {
  ownTime()
  const streams: Stream[] = []
  const { fetch, opened } = serverOf((_headers, open) => {
    streams.push(open)
    return open.response
  })
  const { live, events, reached } = liveOn(fetch)
  live.start()
  await reached('live')
  streams[0]?.send('id: a-1\nevent: counts\ndata: {}\n\n')
  await vi.waitFor(() => expect(events).toHaveLength(1))
  streams[0]?.end()
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    expect(opened).toHaveLength(2)
  })
  expect(opened[1]?.get('last-event-id')).toBe('a-1')
  live.stop()
})

test('where no stream can be had, what is shown is asked for; where nothing answers, it is lost', async () => {
  ownTime()
  let answers = true
  const { fetch } = serverOf(() => {
    throw new TypeError('no network')
  })
  const { live, reached } = liveOn(fetch, async () => {
    if (!answers) throw new TypeError('no network')
  })
  live.start()
  // The stream is tried once more before anything is asked for.
  await vi.advanceTimersByTimeAsync(1_000)
  await reached('polling')
  answers = false
  await vi.advanceTimersByTimeAsync(5_000)
  await reached('lost')
  live.stop()
})

test('a paused or hidden panel holds no stream and asks for nothing', async () => {
  const { fetch, opened } = serverOf((_headers, open) => open.response)
  const onCatchUp = vi.fn(async () => undefined)
  const { live, reached } = liveOn(fetch, onCatchUp)
  live.start()
  await reached('live')
  live.pause(true)
  expect(live.state.mode).toBe('paused')
  live.show(false)
  live.show(true)
  expect(opened).toHaveLength(1)
  expect(live.state.mode).toBe('paused')
  live.pause(false)
  await reached('live')
  expect(opened).toHaveLength(2)
  live.stop()
  expect(live.state.mode).toBe('off')
})

test('a session that is over ends it', async () => {
  const { fetch, opened } = serverOf(() => new Response('{}', { status: 401 }))
  const { live, onSessionOver } = liveOn(fetch)
  live.start()
  await vi.waitFor(() => expect(onSessionOver).toHaveBeenCalledOnce())
  expect(live.state.mode).toBe('off')
  expect(opened).toHaveLength(1)
})
