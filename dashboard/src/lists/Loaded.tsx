import type { ReactNode } from 'react'
import { Failed, Skeleton } from '../ui/States.tsx'

/** What of a query decides on what is shown: parts of what `useQuery` answers. */
interface Reading<Item> {
  data: readonly Item[] | undefined
  error: unknown
  refetch: () => unknown
}

/** A list that is read as a whole, in whichever state it is: on its way, refused, empty, or there. */
export function Loaded<Item>({
  reading: { data, error, refetch },
  lines,
  empty,
  children,
}: {
  reading: Reading<Item>
  /** Of the skeleton. */
  lines?: number
  empty: ReactNode
  children: (items: readonly Item[]) => ReactNode
}) {
  if (data === undefined) {
    return error === null ? <Skeleton lines={lines} /> : <Failed error={error} onRetry={() => void refetch()} />
  }
  return data.length === 0 ? empty : children(data)
}
