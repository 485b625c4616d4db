import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useEffect } from 'react'
import { meQuery } from '../api/queries.ts'
import { isSessionOver } from '../api/query-client.ts'
import { live, topics } from '../live/use-live.ts'
import { Failed } from '../ui/States.tsx'

/** Whoever is logged in never fetches it. */
const Login = lazy(() => import('./Login.tsx'))

/** The panel for whoever is logged in, the log-in for everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const { data, error, isPending, refetch } = useQuery(meQuery)
  const isIn = data !== undefined && !isSessionOver(error)
  useEffect(() => {
    if (!isIn) return
    live.start()
    return () => {
      live.stop()
      topics.stop()
    }
  }, [isIn])
  if (isIn) return children
  if (isPending) return null
  if (isSessionOver(error)) {
    return (
      <Suspense>
        <Login />
      </Suspense>
    )
  }
  return <Failed error={error} onRetry={() => void refetch()} />
}
