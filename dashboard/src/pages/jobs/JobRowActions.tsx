import type { JobRow } from '../../api/client.ts'
import { useT } from '../../i18n/index.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { useJobActions } from './use-job-actions.ts'

export function JobRowActions({ row }: { row: JobRow }) {
  const t = useT()
  const { busy, runNow, remove } = useJobActions()
  return (
    <span className="inline-flex items-center gap-0.5">
      {row.status === 'delayed' && (
        <Button tone="accent" busy={busy} onClick={() => void runNow(row)}>
          {t('jobs.runNow')}
        </Button>
      )}
      <IconButton
        icon={row.status === 'reserved' ? 'cancel' : 'delete'}
        label={row.status === 'reserved' ? t('jobs.cancel') : t('jobs.delete')}
        disabled={busy}
        onClick={() => void remove(row)}
      />
    </span>
  )
}
