import { useSyncExternalStore } from 'react'
import { queryClient, sessionOver } from '../api/query-client.ts'
import { mounted } from '../mount.ts'
import { Live, type LiveState } from './live.ts'
import { Topics } from './topics.ts'

export const topics = new Topics(queryClient)

export const live = new Live({
  onEvent: (event) => topics.take(event),
  onCatchUp: () => topics.readAll(),
  onSessionOver: sessionOver,
  mounted,
})

document.addEventListener('visibilitychange', () => live.show(document.visibilityState === 'visible'))
// Whatever is read, also by pages themselves, is a sign that what is shown is new.
queryClient.getQueryCache().subscribe((event) => {
  if (event.type === 'updated' && event.action.type === 'success' && event.query.queryKey[0] !== 'me') live.fresh()
})

export function useLive(): LiveState {
  return useSyncExternalStore(live.subscribe, () => live.state)
}

/** For figures that no event tells of: read every `ms` unless a person paused, or nothing answers. */
export function useEvery(ms: number): number | false {
  const { mode } = useLive()
  return mode === 'live' || mode === 'polling' ? ms : false
}
