import { useT } from '../i18n/index.ts'
import { chooseTheme, THEMES, useIsDark, useTheme } from '../prefs/theme.ts'
import type { IconName } from '../ui/Icon.tsx'
import { Menu } from '../ui/Menu.tsx'

const ICONS: Record<(typeof THEMES)[number], IconName> = { system: 'system', light: 'sun', dark: 'moon' }

export function ThemeMenu() {
  const t = useT()
  const chosen = useTheme()
  return (
    <Menu
      label={t('shell.theme')}
      icon={useIsDark() ? 'moon' : 'sun'}
      items={THEMES.map((theme) => ({
        label: t(`shell.themes.${theme}`),
        icon: ICONS[theme],
        checked: theme === chosen,
        onSelect: () => chooseTheme(theme),
      }))}
    />
  )
}
