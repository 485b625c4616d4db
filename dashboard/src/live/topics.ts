import type { QueryClient } from '@tanstack/react-query'
import type { Status } from '../api/client.ts'
import { statusQuery } from '../api/queries.ts'
import { type Counts, withCounts } from './counts.ts'
import type { ServerEvent } from './events.ts'

/** What the server tells as it happens, and what of it is read again for that: first parts of query keys. */
const TOPICS: Readonly<Record<string, readonly string[]>> = {
  counts: ['status', 'queues', 'job'],
  failed: ['failed', 'status'],
  worker: ['workers', 'queues'],
  operation: ['operations'],
}

/** Lists of rows are not read again under people's hands: they hear of news and decide (use-rows.ts). */
export type News = 'jobs' | 'failed'
const newsListeners = new Set<(news: News) => void>()

export function onNews(listener: (news: News) => void): () => void {
  newsListeners.add(listener)
  return () => newsListeners.delete(listener)
}

function tellNews(news: News): void {
  for (const listener of newsListeners) listener(news)
}

/** However many events come, a topic is read at most so often. */
const APART_MS = 2_000

/** Puts events into the query cache: figures at once, the rest by reading it again where a page shows it. */
export class Topics {
  readonly #client: QueryClient
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>()
  readonly #lastRead = new Map<string, number>()
  #failedCount: number | undefined

  constructor(client: QueryClient) {
    this.#client = client
  }

  take(event: ServerEvent): void {
    if (event.type === 'counts') this.#takeCounts(event.data)
    if (event.type === 'failed') tellNews('failed')
    for (const topic of TOPICS[event.type] ?? []) this.#readSoon(topic)
  }

  /** Reads again whatever a page shows. Rejects when nothing answers. */
  async readAll(): Promise<void> {
    await this.#client.refetchQueries({ queryKey: ['status'], type: 'active' }, { throwOnError: true })
    await this.#client.invalidateQueries({
      predicate: ({ queryKey }) => !['me', 'rows', 'status', 'metrics'].includes(String(queryKey[0])),
      refetchType: 'active',
    })
    tellNews('jobs')
    tellNews('failed')
  }

  /** What was changed from here shows at once. */
  touched(): void {
    void this.#client.invalidateQueries({
      predicate: ({ queryKey }) => !['me', 'metrics'].includes(String(queryKey[0])),
    })
  }

  stop(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  #takeCounts(data: string): void {
    const counts = JSON.parse(data) as Counts
    this.#client.setQueryData(statusQuery.queryKey, (known: Status | undefined) => known && withCounts(known, counts))
    tellNews('jobs')
    // Failed jobs that were retried or deleted elsewhere: told by the count alone.
    if (this.#failedCount !== undefined && counts.failed_jobs_count < this.#failedCount) {
      tellNews('failed')
      this.#readSoon('failed')
    }
    this.#failedCount = counts.failed_jobs_count
  }

  #readSoon(topic: string): void {
    if (this.#waiting.has(topic)) return
    const wait = Math.max(0, (this.#lastRead.get(topic) ?? 0) + APART_MS - Date.now())
    const timer = setTimeout(() => {
      this.#waiting.delete(topic)
      this.#lastRead.set(topic, Date.now())
      void this.#client.invalidateQueries({ queryKey: [topic], refetchType: 'active' })
    }, wait)
    this.#waiting.set(topic, timer)
  }
}
