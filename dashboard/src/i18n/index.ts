import i18next, { type TFunction } from 'i18next'
import { useSyncExternalStore } from 'react'
import { readStored, store } from '../prefs/stored.ts'
import type { en } from './en/index.ts'

export const LANGUAGES = ['es', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'panel'
    resources: { panel: typeof en }
  }
}

type Part = 'first' | 'steering'

/** Each part of a language is a file of its own, fetched when it is spoken. */
const CATALOGUES: Record<Language, Record<Part, () => Promise<object>>> = {
  es: {
    first: async () => (await import('./es/first.ts')).first,
    steering: async () => (await import('./es/steering.ts')).steering,
  },
  en: {
    first: async () => (await import('./en/first.ts')).first,
    steering: async () => (await import('./en/steering.ts')).steering,
  },
}

/** Parts that something in the page speaks. */
const needed = new Set<Part>(['first'])
const learnt = new Set<string>()

/** A page that speaks of more than the first one does: fetched together with its words. */
export async function withWords<Page>(page: Promise<Page>): Promise<Page> {
  needed.add('steering')
  const [loaded] = await Promise.all([page, learn(currentLanguage())])
  return loaded
}

async function learn(language: Language): Promise<void> {
  const parts = [...needed].filter((part) => !learnt.has(`${language} ${part}`))
  await Promise.all(
    parts.map(async (part) => {
      i18next.addResourceBundle(language, 'panel', await CATALOGUES[language][part](), true)
      learnt.add(`${language} ${part}`)
    }),
  )
}

export function preferredLanguage(): Language {
  const stored = LANGUAGES.find((language) => language === readStored('language'))
  return (
    stored ??
    (navigator.languages
      .find((tag) => /^(es|en)\b/i.test(tag))
      ?.slice(0, 2)
      .toLowerCase() === 'en'
      ? 'en'
      : 'es')
  )
}

export async function startLanguage(): Promise<void> {
  await i18next.init({
    defaultNS: 'panel',
    ns: 'panel',
    fallbackLng: false,
    interpolation: { escapeValue: false },
    returnNull: false,
    resources: {},
  })
  await speak(preferredLanguage())
}

/** Choosing keeps the choice; it stands in `html[lang]` too. */
export async function chooseLanguage(language: Language): Promise<void> {
  store('language', language)
  await speak(language)
}

async function speak(language: Language): Promise<void> {
  await learn(language)
  await i18next.changeLanguage(language)
  document.documentElement.lang = language
}

export function currentLanguage(): Language {
  return i18next.language === 'en' ? 'en' : 'es'
}

let spoken: { language: string; t: TFunction } | undefined

/** Another function for each language, so that what it was used in is rendered anew. */
function snapshot(): TFunction {
  if (spoken?.language !== i18next.language) {
    spoken = { language: i18next.language, t: i18next.getFixedT(i18next.language) }
  }
  return spoken.t
}

function subscribe(listener: () => void): () => void {
  i18next.on('languageChanged', listener)
  return () => i18next.off('languageChanged', listener)
}

/** What is said, in the language that is spoken; whoever uses it is rendered anew when that changes. */
export function useT(): TFunction {
  return useSyncExternalStore(subscribe, snapshot)
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, currentLanguage)
}

/** For what speaks outside of components: toasts. */
export function say(): TFunction {
  return snapshot()
}
