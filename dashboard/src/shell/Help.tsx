import { Fragment, type ReactNode } from 'react'
import { useT } from '../i18n/index.ts'
import { PAGES } from '../pages/registry.ts'
import { mayAct, useMe } from '../session/use-me.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { SHORTCUTS } from './keyboard.ts'

/** Which keys do what. */
export default function Help({ onClose }: { onClose: () => void }) {
  const t = useT()
  const { role } = useMe()
  return (
    <Dialog open onClose={onClose} title={t('shell.shortcuts')}>
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2 text-sm">
        {PAGES.filter((page) => mayAct(role, page.role)).map(({ id, key }) => (
          <Line key={id} keys={`g ${key}`}>
            {t('shortcuts.go', { page: t(`nav.${id}`) })}
          </Line>
        ))}
        {SHORTCUTS.map(({ keys, name }) => (
          <Line key={name} keys={keys}>
            {t(`shortcuts.${name}`)}
          </Line>
        ))}
      </dl>
    </Dialog>
  )
}

function Line({ keys, children }: { keys: string; children: ReactNode }) {
  return (
    <>
      <dt className="flex gap-1">
        {keys.split(' ').map((key) => (
          <Fragment key={key}>
            <kbd className="min-w-6 rounded-sm border border-strong bg-sunken px-1.5 text-center font-mono text-xs leading-5">
              {key}
            </kbd>
          </Fragment>
        ))}
      </dt>
      <dd>{children}</dd>
    </>
  )
}
