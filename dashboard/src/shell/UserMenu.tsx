import { useQueryClient } from '@tanstack/react-query'
import { api, ask } from '../api/client.ts'
import { sessionOver } from '../api/query-client.ts'
import { useT } from '../i18n/index.ts'
import { live } from '../live/use-live.ts'
import { useMe } from '../session/use-me.ts'
import { Menu } from '../ui/Menu.tsx'

export function UserMenu() {
  const t = useT()
  const me = useMe()
  const client = useQueryClient()
  const logOut = async () => {
    live.stop()
    await ask(api.POST('/api/v1/queue/logout')).catch(() => undefined)
    client.clear()
    sessionOver()
    location.reload()
  }
  return (
    <Menu
      label={t('shell.user', { name: me.subject, role: t(`roles.${me.role}`) })}
      items={[{ label: t('shell.logOut'), icon: 'logout', onSelect: () => void logOut() }]}
    >
      <span className="flex flex-col items-start leading-tight max-sm:sr-only">
        <span className="max-w-32 truncate">{me.subject}</span>
        <span className="font-normal text-2xs text-faint">{t(`roles.${me.role}`)}</span>
      </span>
    </Menu>
  )
}
