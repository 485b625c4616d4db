import { useAction } from '../api/use-action.ts'
import { formatNumber } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { confirm } from '../ui/confirm.tsx'

/** So many are deleted one by one; for more there is no time while somebody waits. */
export const MOST_SINGLE = 100

/** Deletes the selected rows, each by a request of its own; `words` says of which kind they are. */
export function useRemoveSelected(words: 'jobs' | 'bulk', remove: (id: string) => Promise<unknown>) {
  const t = useT()
  const { busy, run } = useAction()
  return {
    busy,
    /** Asks first. Resolves to whether it was done. */
    async removeSelected(ids: readonly string[]): Promise<boolean> {
      const figures = { count: ids.length, n: formatNumber(ids.length) }
      const sure = await confirm({
        title: t(`${words}.removeTitle`, figures),
        body: t(`${words}.removeBody`),
        action: t(`${words}.removeAction`, figures),
        danger: true,
      })
      if (!sure) return false
      return run(
        async () => {
          for (const id of ids) await remove(id)
        },
        () => t(`${words}.removed`, figures),
      )
    },
  }
}
