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

/** Each language is a file of its own, fetched when it is spoken. */
const CATALOGUES: Record<Language, () => Promise<object>> = {
  es: async () => (await import('./es/index.ts')).es,
  en: async () => (await import('./en/index.ts')).en,
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
  if (!i18next.hasResourceBundle(language, 'panel')) {
    i18next.addResourceBundle(language, 'panel', await CATALOGUES[language]())
  }
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
