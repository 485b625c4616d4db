import { type FormEvent, useId, useState } from 'react'
import { api, ask } from '../../api/client.ts'
import { useAction } from '../../api/use-action.ts'
import { useT } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'

/** Asks why a queue is paused: whoever finds it so later will want to know. */
export function PauseDialog({ queue, onClose }: { queue: string; onClose: () => void }) {
  const t = useT()
  const [reasonId, hintId] = [useId(), useId()]
  const [reason, setReason] = useState('')
  const { busy, run } = useAction()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const body = reason.trim() === '' ? {} : { reason: reason.trim() }
    const done = await run(
      () => ask(api.POST('/api/v1/queue/queues/{name}/pause', { params: { path: { name: queue } }, body })),
      () => t('queuesPage.pauseDone', { name: queue }),
    )
    if (done) onClose()
  }
  return (
    <Dialog open onClose={onClose} title={t('queuesPage.pauseTitle', { name: queue })}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-soft">{t('queuesPage.pauseHint')}</p>
        <div className="flex flex-col gap-1">
          <label htmlFor={reasonId} className="font-medium text-sm">
            {t('queuesPage.reason')}
          </label>
          <input
            id={reasonId}
            className="control"
            maxLength={255}
            autoComplete="off"
            aria-describedby={hintId}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <span id={hintId} className="text-faint text-xs">
            {t('queuesPage.reasonHint')}
          </span>
        </div>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" tone="primary" busy={busy}>
            {t('queuesPage.pause')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
