import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import { api, ask, type Problem, problemOf } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'
import { useT } from '../i18n/index.ts'
import { LanguageSwitch } from '../shell/LanguageSwitch.tsx'
import { Mark } from '../shell/Mark.tsx'
import { ThemeMenu } from '../shell/ThemeMenu.tsx'
import { Button } from '../ui/Button.tsx'
import { problemText } from '../ui/problem-text.ts'

/** Stands in the place of any page while nobody is logged in; the address stays, so that the page comes after. */
export default function Login() {
  const t = useT()
  const client = useQueryClient()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const [nameId, passwordId] = [useId(), useId()]
  useEffect(() => {
    document.title = `${t('login.title')} · Faena`
  }, [t])

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const body = { name: String(data.get('name')).trim(), password: String(data.get('password')) }
    setBusy(true)
    try {
      const me = await ask(api.POST('/api/v1/queue/login', { body }))
      // Nothing of whoever was here before.
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' })
      client.setQueryData(meQuery.queryKey, me)
    } catch (error) {
      setProblem(problemOf(error))
      form.current?.querySelector<HTMLInputElement>('[name=password]')?.select()
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className="flex min-h-dvh flex-col items-center justify-center gap-4 p-4">
      <main className="surface w-full max-w-sm p-6">
        <div className="mb-5 flex items-center gap-2.5">
          <Mark className="size-7" />
          <h1 className="font-semibold text-xl tracking-tight">{t('login.title')}</h1>
        </div>
        <form ref={form} onSubmit={submit} className="flex flex-col gap-3.5">
          <div className="flex flex-col gap-1">
            <label htmlFor={nameId} className="font-medium text-sm">
              {t('login.name')}
            </label>
            <input
              id={nameId}
              name="name"
              required
              maxLength={100}
              autoComplete="username"
              autoCapitalize="none"
              className="control min-h-9"
            />
          </div>
          <div className="flex flex-col gap-1">
            <label htmlFor={passwordId} className="font-medium text-sm">
              {t('login.password')}
            </label>
            <input
              id={passwordId}
              name="password"
              type="password"
              required
              maxLength={1000}
              autoComplete="current-password"
              className="control min-h-9"
            />
          </div>
          <p role="alert" className="min-h-5 text-red text-sm">
            {problem !== undefined && problemText(t, problem)}
          </p>
          <Button type="submit" tone="primary" busy={busy} className="min-h-9">
            {t('login.submit')}
          </Button>
        </form>
        <p className="mt-4 text-faint text-xs">
          {t('login.hint')} <code className="font-mono">faena users add</code>. {t('login.linkHint')}{' '}
          <code className="font-mono">faena login</code>.
        </p>
      </main>
      <div className="flex items-center gap-1">
        <LanguageSwitch />
        <ThemeMenu />
      </div>
    </div>
  )
}
