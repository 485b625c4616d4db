import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Status } from '../../api/client.ts'
import { queuesQuery } from '../../api/queries.ts'
import { formatDuration, formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { ButtonLink } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { useDueAge } from './use-due-age.ts'

/** A due job that nobody has taken for longer than this is an alarm. */
export const ALARM_SECONDS = 300

/** What must be looked at now. Nothing is shown while there is nothing. */
export function Alarms({ status }: { status: Status }) {
  const t = useT()
  const age = useDueAge(status)
  const { data: queues = [] } = useQuery(queuesQuery)
  const unserved = queues.filter(({ workers, due, paused_at }) => workers === 0 && due > 0 && paused_at === null)
  const { oldest_pending_job: oldest } = status
  const isLate = age !== null && age > ALARM_SECONDS && oldest !== null
  // One queue, one alarm: that nobody serves it is why it waits.
  const isOldestUnserved = unserved.some(({ queue }) => queue === oldest?.queue)
  const others = unserved.filter(({ queue }) => !(isLate && queue === oldest.queue))
  const [first] = others
  return (
    <>
      {isLate && (
        <Alarm queue={oldest.queue}>
          {t(isOldestUnserved ? 'overview.waitingUnserved' : 'overview.waiting', {
            queue: oldest.queue,
            age: formatDuration(age * 1_000),
          })}
        </Alarm>
      )}
      {first !== undefined && (
        <Alarm queue={others.length === 1 ? first.queue : undefined}>
          {others.length === 1
            ? t('overview.unserved', { queue: first.queue, count: first.due, n: formatNumber(first.due) })
            : t('overview.severalUnserved', {
                queues: others.map(({ queue, due }) => `${queue} (${formatNumber(due)})`).join(', '),
              })}
        </Alarm>
      )}
    </>
  )
}

/** Without a queue it is about several: the way leads to all of them. */
function Alarm({ children, queue }: { children: ReactNode; queue?: string }) {
  const t = useT()
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-amber bg-amber-soft px-4 py-2 text-amber"
    >
      <Icon name="failed" />
      <p className="min-w-0 grow basis-60 font-medium">{children}</p>
      {queue === undefined ? (
        <ButtonLink to="/queues">{t('overview.seeQueues')}</ButtonLink>
      ) : (
        <ButtonLink to="/jobs" search={{ queue, state: 'pending' }}>
          {t('overview.seeQueue')}
        </ButtonLink>
      )}
    </div>
  )
}
