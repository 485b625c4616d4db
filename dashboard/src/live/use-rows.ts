import {
  type DefaultError,
  type InfiniteData,
  type QueryKey,
  type UseInfiniteQueryOptions,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { type News, onNews } from './topics.ts'

export interface RowsPage<Row> {
  rows: Row[]
  next: string | null
  partial: boolean
}

export interface Rows<Row> {
  rows: readonly Row[]
  error: Error | null
  /** Nothing was read yet. */
  isLoading: boolean
  /** What is shown belongs to an earlier filter. */
  isStale: boolean
  isReading: boolean
  hasMore: boolean
  isReadingMore: boolean
  /** The server gave up looking before the page was full; more can be asked for. */
  isPartial: boolean
  /** Something changed, and was not shown because somebody is working on the list. */
  hasNews: boolean
  readMore(): void
  /** From the top. */
  readAgain(): void
}

/** News wait so long for each other. */
const APART_MS = 1_500

/**
 * A list that grows page by page as one scrolls, and renews itself while that disturbs nobody: at its top, with
 * `isBusy` false. Otherwise it says that there are news. Of some lists no event tells: without `news` there are none.
 */
export function useRows<Row, Key extends QueryKey = QueryKey>(
  options: UseInfiniteQueryOptions<RowsPage<Row>, DefaultError, InfiniteData<RowsPage<Row>>, Key, string>,
  news?: News,
  isBusy?: () => boolean,
): Rows<Row> {
  const client = useQueryClient()
  const query = useInfiniteQuery(options)
  const [hasNews, setNews] = useState(false)
  const key = JSON.stringify(options.queryKey)

  const readAgain = useCallback(() => {
    setNews(false)
    const queryKey: QueryKey = JSON.parse(key)
    // Only the first page is read again, however many there were.
    client.setQueryData(queryKey, (known: InfiniteData<RowsPage<Row>> | undefined) =>
      known === undefined ? known : { pages: known.pages.slice(0, 1), pageParams: known.pageParams.slice(0, 1) },
    )
    void client.invalidateQueries({ queryKey, exact: true })
  }, [client, key])

  useEffect(() => {
    setNews(false)
    if (news === undefined) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const settle = () => {
      timer = undefined
      const queryKey: QueryKey = JSON.parse(key)
      const pages = client.getQueryData<InfiniteData<RowsPage<Row>>>(queryKey)?.pages.length ?? 0
      if (pages <= 1 && !isBusy?.()) void client.invalidateQueries({ queryKey, exact: true })
      else setNews(true)
    }
    const off = onNews((which) => {
      if (which === news) timer ??= setTimeout(settle, APART_MS)
    })
    return () => {
      clearTimeout(timer)
      off()
    }
  }, [client, key, news, isBusy])

  const rows = useMemo(() => unique(query.data?.pages ?? []), [query.data])
  const last = query.data?.pages.at(-1)
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query
  const readMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetchingNextPage])
  return {
    rows,
    error: query.error,
    isLoading: query.isPending,
    isStale: query.isPlaceholderData,
    isReading: query.isFetching,
    hasMore: hasNextPage,
    isReadingMore: isFetchingNextPage,
    isPartial: last?.partial ?? false,
    hasNews,
    readMore,
    readAgain,
  }
}

/** For `refetchInterval`: a list that somebody has gone down in stays as it is. */
export function whileOnePage(every: number | false) {
  return ({ state }: { state: { data?: { pages: readonly unknown[] } } }): number | false =>
    (state.data?.pages.length ?? 0) <= 1 && every
}

/** A row that moved between two pages while they were read stands once. */
function unique<Row>(pages: readonly RowsPage<Row>[]): Row[] {
  const seen = new Set<unknown>()
  return pages.flatMap(({ rows }) =>
    rows.filter((row) => {
      const { id } = row as { id?: unknown }
      if (seen.has(id)) return false
      seen.add(id)
      return true
    }),
  )
}
