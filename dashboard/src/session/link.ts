import { api, ask, problemOf } from '../api/client.ts'
import { tellProblem } from '../api/use-action.ts'
import { say } from '../i18n/index.ts'
import { toast } from '../ui/toasts.ts'

/**
 * A link that `faena login` printed holds a code behind its `#`, which logs in once. It leaves the address before it is
 * used, so that no bookmark and no screenshot keeps it.
 */
export async function followSignInLink(): Promise<void> {
  const code = /^#code=([\w.-]+)$/.exec(location.hash)?.[1]
  if (code === undefined) return
  history.replaceState(history.state, '', location.pathname + location.search)
  await ask(api.POST('/api/v1/queue/login/link', { body: { code } })).catch(tellLink)
}

/** Codes are refused as passwords are; here that means that somebody was here before. */
function tellLink(error: unknown): void {
  if (problemOf(error).code !== 'BAD_CREDENTIALS') tellProblem(error)
  else toast({ tone: 'problem', text: say()('login.linkOver') })
}
