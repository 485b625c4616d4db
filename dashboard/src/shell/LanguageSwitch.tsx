import { chooseLanguage, LANGUAGES, type Language, useLanguage, useT } from '../i18n/index.ts'
import { ViewSwitch } from '../ui/ViewSwitch.tsx'

/** Each language by its own name, as its speakers look for it. */
const NAMES: Record<Language, string> = { es: 'ES', en: 'EN' }

export function LanguageSwitch() {
  const t = useT()
  return (
    <ViewSwitch
      label={t('shell.language')}
      value={useLanguage()}
      options={LANGUAGES.map((value) => ({ value, label: NAMES[value] }))}
      onChange={(language) => void chooseLanguage(language)}
    />
  )
}
