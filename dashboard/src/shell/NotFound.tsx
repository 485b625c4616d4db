import { useT } from '../i18n/index.ts'
import { ButtonLink } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { Empty } from '../ui/States.tsx'

export function NotFound() {
  const t = useT()
  return (
    <Page title={t('states.noPage')}>
      <div className="surface pb-8 text-center">
        <Empty icon="search" title={t('states.noPageHint')} />
        <ButtonLink to="/">{t('nav.overview')}</ButtonLink>
      </div>
    </Page>
  )
}
