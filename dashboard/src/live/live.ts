import { EventReader, type ServerEvent } from './events.ts'

/**
 * - `live`: events come as things happen; `connecting`: they are about to
 * - `polling`: no stream; what is shown is asked for every few seconds, while the stream is tried again
 * - `lost`: neither stream nor answers; what is shown is old
 * - `paused`: a person wants it to stand still: nothing is asked for in the background
 * - `off`: nobody is logged in, or the tab is hidden
 */
export type LiveMode = 'off' | 'connecting' | 'live' | 'polling' | 'lost' | 'paused'

export interface LiveState {
  mode: LiveMode
  /** Unix ms of the last sign that what is shown is new; 0 before the first. */
  freshAt: number
}

export interface LiveOptions {
  onEvent: (event: ServerEvent) => void
  /** The stream began anew, or polls: whatever is shown may have changed meanwhile. Rejects when nothing answers. */
  onCatchUp: () => Promise<void>
  onSessionOver: () => void
  /** Where something below the mount is. */
  mounted: (path: string) => string
  fetch?: typeof fetch
}

const POLL_MS = 5_000
/** The server sends a beat every 5 s; after this long without any byte the line is dead. */
const SILENCE_MS = 40_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 15_000

/** Keeps what is shown new: one stream while the tab is seen, polling where none can be had, nothing while paused. */
export class Live {
  readonly #options: LiveOptions
  readonly #listeners = new Set<() => void>()
  #state: LiveState = { mode: 'off', freshAt: 0 }
  #wanted = false
  #paused = false
  #visible = true
  #lastId = ''
  #run: AbortController | undefined

  constructor(options: LiveOptions) {
    this.#options = options
  }

  get state(): LiveState {
    return this.#state
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#wanted = true
    this.#settle()
  }

  stop(): void {
    this.#wanted = false
    this.#settle()
  }

  pause(paused: boolean): void {
    this.#paused = paused
    this.#settle()
  }

  /** A hidden tab holds no stream: browsers give an origin few connections. */
  show(visible: boolean): void {
    this.#visible = visible
    this.#settle()
  }

  /** Something was read: what is shown is new as of now. */
  fresh(): void {
    this.#set({ freshAt: Date.now() })
  }

  #settle(): void {
    const run = this.#wanted && !this.#paused && this.#visible
    if (run && this.#run === undefined) {
      this.#run = new AbortController()
      void this.#keepOn(this.#run.signal)
    } else if (!run) {
      this.#run?.abort()
      this.#run = undefined
      this.#set({ mode: this.#wanted && this.#paused ? 'paused' : 'off' })
    }
  }

  async #keepOn(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      if (failures === 0) this.#set({ mode: 'connecting' })
      const came = await this.#stream(signal).catch(() => false)
      if (signal.aborted) return
      failures = came ? 1 : failures + 1
      // A stream that ended is opened again at once; only when that fails too, answers are asked for.
      if (failures === 1) await passed(FIRST_RETRY_MS, signal)
      else await this.#poll(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures), signal)
    }
  }

  /** One stream from its start to its end. Answers whether any byte came. */
  async #stream(signal: AbortSignal): Promise<boolean> {
    const silence = new AbortController()
    const either = AbortSignal.any([signal, silence.signal])
    let timer = setTimeout(() => silence.abort(), SILENCE_MS)
    try {
      const response = await (this.#options.fetch ?? fetch)(this.#options.mounted('/api/v1/queue/events'), {
        headers: { accept: 'text/event-stream', ...(this.#lastId !== '' && { 'last-event-id': this.#lastId }) },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: either,
      })
      if (response.status === 401) {
        this.#options.onSessionOver()
        this.stop()
        return false
      }
      if (!response.ok || response.body === null) return false
      if (this.#state.freshAt > 0) await this.#options.onCatchUp()
      if (signal.aborted) return false
      this.#set({ mode: 'live', freshAt: Date.now() })
      const reader = new EventReader()
      for await (const text of texts(response.body)) {
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), SILENCE_MS)
        for (const event of reader.read(text)) this.#options.onEvent(event)
        if (reader.lastId !== '') this.#lastId = reader.lastId
        this.#set({ mode: 'live', freshAt: Date.now() })
      }
      return true
    } finally {
      clearTimeout(timer)
    }
  }

  async #poll(forMs: number, signal: AbortSignal): Promise<void> {
    const until = Date.now() + forMs
    do {
      try {
        await this.#options.onCatchUp()
        if (!signal.aborted) this.#set({ mode: 'polling', freshAt: Date.now() })
      } catch {
        if (!signal.aborted) this.#set({ mode: 'lost' })
      }
      await passed(POLL_MS, signal)
    } while (!signal.aborted && Date.now() < until)
  }

  #set(change: Partial<LiveState>): void {
    const next = { ...this.#state, ...change }
    if (next.mode === this.#state.mode && next.freshAt === this.#state.freshAt) return
    this.#state = next
    for (const listener of this.#listeners) listener()
  }
}

async function* texts(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}

/** Resolves after `ms`, or at once when it is called off. */
function passed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
