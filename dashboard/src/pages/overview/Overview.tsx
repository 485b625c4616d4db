import { useT } from '../../i18n/index.ts'
import { Page } from '../../ui/Page.tsx'

export default function Overview() {
  const t = useT()
  return <Page title={t('nav.overview')}>…</Page>
}
