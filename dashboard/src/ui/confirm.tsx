import { type FormEvent, useId, useState, useSyncExternalStore } from 'react'
import { useT } from '../i18n/index.ts'
import { Button } from './Button.tsx'
import { Dialog } from './Dialog.tsx'

export interface Question {
  title: string
  body: string
  /** What the button says: what will happen, not "OK". */
  action: string
  danger?: boolean
  /** Must be typed before the button can be pressed: the name of what is cleared. */
  typed?: string
}

interface Asked extends Question {
  answer: (yes: boolean) => void
}

let asked: Asked | undefined
const listeners = new Set<() => void>()

/** Asks before something is done. Resolves to whether it is meant; a second question answers the first with no. */
export function confirm(question: Question): Promise<boolean> {
  asked?.answer(false)
  return new Promise((resolve) => {
    set({
      ...question,
      answer(yes) {
        set(undefined)
        resolve(yes)
      },
    })
  })
}

function set(next: Asked | undefined): void {
  asked = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Stands once in the shell. */
export function ConfirmDialog() {
  const question = useSyncExternalStore(subscribe, () => asked)
  return (
    <Dialog open={question !== undefined} onClose={() => question?.answer(false)} title={question?.title ?? ''} alert>
      {question !== undefined && <Answers key={question.title} question={question} />}
    </Dialog>
  )
}

function Answers({ question: { body, action, danger = false, typed, answer } }: { question: Asked }) {
  const t = useT()
  const id = useId()
  const [text, setText] = useState('')
  const ready = typed === undefined || text === typed
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) answer(true)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p className="whitespace-pre-line text-soft">{body}</p>
      {typed !== undefined && (
        <div className="flex flex-col gap-1">
          <label htmlFor={id} className="text-sm">
            {t('confirm.type')} <code className="rounded-sm bg-sunken px-1 font-mono">{typed}</code>
          </label>
          <input
            id={id}
            className="control"
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={() => answer(false)}>{t('common.cancel')}</Button>
        <Button type="submit" tone={danger ? 'danger' : 'primary'} disabled={!ready}>
          {action}
        </Button>
      </div>
    </form>
  )
}
