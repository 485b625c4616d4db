import { QueryCache, QueryClient } from '@tanstack/react-query'
import { isPassing, problemOf } from './client.ts'

/**
 * Nothing is read again by itself: what is new comes from live events, which a person can pause. A session that ended
 * is noticed by whichever request meets it first.
 */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error, query) {
      if (query.queryKey[0] !== 'me' && isSessionOver(error)) sessionOver()
    },
  }),
  defaultOptions: {
    queries: {
      networkMode: 'always',
      staleTime: 2_000,
      gcTime: 300_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (failures, error) =>
        failures < 2 && isPassing(problemOf(error)) && problemOf(error).code !== 'RATE_LIMITED',
      retryDelay: (failures) => 500 * 2 ** failures,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

export function isSessionOver(error: unknown): boolean {
  return problemOf(error).status === 401
}

/** Shows the login page in the place of whatever stands there. */
export function sessionOver(): void {
  void queryClient.resetQueries({ queryKey: ['me'] })
}
