import type { FailedRow } from '../../api/client.ts'
import { useT } from '../../i18n/index.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { useFailedActions } from './use-failed-actions.ts'

export function FailedRowActions({ row }: { row: FailedRow }) {
  const t = useT()
  const { busy, retry, remove } = useFailedActions()
  return (
    <span className="inline-flex items-center gap-0.5">
      <Button tone="accent" busy={busy} onClick={() => void retry(row)}>
        {t('failed.retry')}
      </Button>
      <IconButton icon="delete" label={t('failed.delete')} disabled={busy} onClick={() => void remove(row)} />
    </span>
  )
}
