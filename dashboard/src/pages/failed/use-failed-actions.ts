import { api, ask } from '../../api/client.ts'
import { useAction } from '../../api/use-action.ts'
import { useT } from '../../i18n/index.ts'
import { confirm } from '../../ui/confirm.tsx'

interface FailedRef {
  id: number | string
  job_class: string
}

/** What is done to one failed job. */
export function useFailedActions() {
  const t = useT()
  const { busy, run } = useAction()
  return {
    busy,
    retry: ({ id, job_class }: FailedRef) =>
      run(
        () => ask(api.POST('/api/v1/queue/retry/{id}', { params: { path: { id: String(id) } } })),
        ({ queue }) => t('failed.retried', { name: job_class, id, queue }),
      ),
    remove: async ({ id, job_class }: FailedRef) => {
      const sure = await confirm({
        title: t('failed.deleteTitle', { id }),
        body: t('failed.deleteBody', { name: job_class }),
        action: t('failed.delete'),
        danger: true,
      })
      if (!sure) return false
      return run(
        () => ask(api.DELETE('/api/v1/queue/failed/{id}', { params: { path: { id: String(id) } } })),
        () => t('failed.deleted', { name: job_class, id }),
      )
    },
  }
}
