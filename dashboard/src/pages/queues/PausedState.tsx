import { useQuery } from '@tanstack/react-query'
import { api, ask, type QueueRow } from '../../api/client.ts'
import { useT } from '../../i18n/index.ts'
import { useMay } from '../../session/use-me.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Ago } from '../../ui/Time.tsx'

/** Whether a queue runs; of a paused one since when, why, and, for who may read the audit, by whom. */
export function PausedState({ row }: { row: QueueRow }) {
  const t = useT()
  const { queue, paused_at: pausedAt, pause_reason: reason } = row
  if (pausedAt === null) return <span className="text-soft">{t('queuesPage.open')}</span>
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-0.5">
      <Badge tone="amber" icon="pause">
        {t('queuesPage.paused')}
      </Badge>
      <span className="text-faint text-xs">
        <Ago at={pausedAt} /> <PausedBy queue={queue} pausedAt={pausedAt} />
      </span>
      {reason !== null && reason !== '' && (
        <span className="w-full truncate text-soft" title={reason}>
          {reason}
        </span>
      )}
    </span>
  )
}

function PausedBy({ queue, pausedAt }: { queue: string; pausedAt: string }) {
  const t = useT()
  const mayRead = useMay('admin')
  const { data: subject } = useQuery({
    queryKey: ['queues', 'paused by', queue, pausedAt],
    enabled: mayRead,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const query = { action: 'queue.pause', target: `queue:${queue}`, limit: 1 }
      const { entries } = await ask(api.GET('/api/v1/queue/audit', { signal, params: { query } }))
      return entries[0]?.subject ?? null
    },
  })
  return subject ? t('queuesPage.pausedBy', { subject }) : null
}
