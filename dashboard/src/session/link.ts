import { api, ask } from '../api/client.ts'
import { tellProblem } from '../api/use-action.ts'

/**
 * A link that `faena login` printed holds a code behind its `#`, which logs in once. It leaves the address before it is
 * used, so that no bookmark and no screenshot keeps it.
 */
export async function followSignInLink(): Promise<void> {
  const code = /^#code=([\w.-]+)$/.exec(location.hash)?.[1]
  if (code === undefined) return
  history.replaceState(history.state, '', location.pathname + location.search)
  await ask(api.POST('/api/v1/queue/login/link', { body: { code } })).catch(tellProblem)
}
