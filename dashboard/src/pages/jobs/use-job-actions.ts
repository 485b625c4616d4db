import { api, ask, type JobRow } from '../../api/client.ts'
import { useAction } from '../../api/use-action.ts'
import { useT } from '../../i18n/index.ts'
import { confirm } from '../../ui/confirm.tsx'

type JobRef = Pick<JobRow, 'id' | 'job_class' | 'status'>

/** What is done to one pending or reserved job. */
export function useJobActions() {
  const t = useT()
  const { busy, run } = useAction()
  return {
    busy,
    runNow: ({ id, job_class }: JobRef) =>
      run(
        () => ask(api.POST('/api/v1/queue/jobs/{id}/run-now', { params: { path: { id: String(id) } } })),
        () => t('jobs.due', { name: job_class, id }),
      ),
    /** A reserved job goes too: the worker that runs it is told to stop. */
    remove: async ({ id, job_class, status }: JobRef) => {
      const running = status === 'reserved'
      const sure = await confirm({
        title: running ? t('jobs.cancelTitle', { id }) : t('jobs.deleteTitle', { id }),
        body: running ? t('jobs.cancelBody', { name: job_class }) : t('jobs.deleteBody', { name: job_class }),
        action: running ? t('jobs.cancel') : t('jobs.delete'),
        danger: true,
      })
      if (!sure) return false
      return run(
        () => ask(api.DELETE('/api/v1/queue/jobs/{id}', { params: { path: { id: String(id) } } })),
        () => t('jobs.deleted', { name: job_class, id }),
      )
    },
  }
}
