import type { ErrorComponentProps } from '@tanstack/react-router'
import { useT } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { Empty } from '../ui/States.tsx'

/** A page could not be fetched (a newer version stands on the server), or broke. */
export function PageFailed({ error }: ErrorComponentProps) {
  const t = useT()
  return (
    <div role="alert" className="surface pb-8 text-center">
      <Empty icon="failed" title={t('states.pageFailed')}>
        {t('states.pageFailedHint')}
        <code className="mt-1 block font-mono text-faint text-xs">
          {error instanceof Error ? error.message : String(error)}
        </code>
      </Empty>
      <Button icon="retry" onClick={() => location.reload()}>
        {t('states.reload')}
      </Button>
    </div>
  )
}
