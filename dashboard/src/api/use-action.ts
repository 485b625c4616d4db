import { useCallback, useState } from 'react'
import { say } from '../i18n/index.ts'
import { topics } from '../live/use-live.ts'
import { problemText } from '../ui/problem-text.ts'
import { toast } from '../ui/toasts.ts'
import { problemOf } from './client.ts'
import { isSessionOver, sessionOver } from './query-client.ts'

export interface Action {
  /** One runs at a time; while it does, its button is busy. */
  busy: boolean
  /**
   * Carries it out, says what became of it (`done` answers the sentence) and has what is shown read again. Resolves to
   * whether it succeeded; never rejects.
   */
  run<Data>(carryOut: () => Promise<Data>, done: (data: Data) => string): Promise<boolean>
}

/** Something that changes the queue, with its success and its problems said in a toast. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false)
  const run = useCallback<Action['run']>(async (carryOut, done) => {
    setBusy(true)
    try {
      const data = await carryOut()
      toast({ tone: 'done', text: done(data) })
      return true
    } catch (error) {
      if (isSessionOver(error)) sessionOver()
      else tellProblem(error)
      return false
    } finally {
      topics.touched()
      setBusy(false)
    }
  }, [])
  return { busy, run }
}

export function tellProblem(error: unknown): void {
  const problem = problemOf(error)
  const parts = [problem.detail, ...(problem.errors ?? []).map(({ path, message }) => `${path}: ${message}`)]
  if (problem.requestId !== undefined) parts.push(`${say()('states.requestId')} ${problem.requestId}`)
  const detail = parts.filter((part) => part !== undefined).join(' · ')
  toast({ tone: 'problem', text: problemText(say(), problem), ...(detail !== '' && { detail }) })
}
