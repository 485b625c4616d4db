import { useQuery } from '@tanstack/react-query'
import { metricsQuery, queuesQuery } from '../../api/queries.ts'
import { formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Loaded } from '../../lists/Loaded.tsx'
import { seriesOf } from '../../metrics/series.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Section } from '../../ui/Page.tsx'
import { QueueName } from '../../ui/QueueName.tsx'
import { Sparkline } from '../../ui/Sparkline.tsx'
import { Empty } from '../../ui/States.tsx'

/** Each queue in a line, with the course of its last hour. */
export function QueueTable() {
  const t = useT()
  const reading = useQuery(queuesQuery)
  const { data: metrics } = useQuery(metricsQuery(1, 60))
  const courseOf = (queue: string) =>
    seriesOf(
      { points: metrics?.points.filter((point) => point.queue === queue) ?? [], bounds_ms: [] },
      Date.now() - 3_600_000,
      Date.now(),
      60_000,
    ).completed
  const head = 'py-2 pr-4 text-right font-medium'
  return (
    <Section title={t('overview.queues')} flush>
      <Loaded
        reading={reading}
        lines={4}
        empty={
          <Empty icon="queues" title={t('overview.noQueues')}>
            {t('overview.noQueuesHint')}
          </Empty>
        }
      >
        {(queues) => (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={t('overview.queues')}>
            <table className="w-full table-fixed text-sm">
              <thead className="border-b text-faint text-xs">
                <tr>
                  <th className="py-2 pr-4 pl-4 text-left font-medium">{t('overview.queue')}</th>
                  <th className={`${head} w-24`}>{t('figures.due')}</th>
                  <th className={`${head} w-24 max-sm:hidden`}>{t('figures.delayed')}</th>
                  <th className={`${head} w-28 max-sm:hidden`}>{t('figures.reserved')}</th>
                  <th className={`${head} w-20`}>{t('overview.workers')}</th>
                  <th className={`${head} w-32 max-sm:hidden`}>{t('overview.lastHour')}</th>
                </tr>
              </thead>
              <tbody>
                {queues.map(({ queue, due, delayed, reserved, workers, paused_at, pause_reason }) => (
                  <tr key={queue} className="border-b last:border-0 hover:bg-hover">
                    <td className="py-2 pr-4 pl-4">
                      <span className="flex min-w-0 items-center gap-2">
                        <QueueName name={queue} linked />
                        {paused_at !== null && (
                          <span title={pause_reason ?? undefined}>
                            <Badge tone="amber" icon="pause">
                              {t('overview.paused')}
                            </Badge>
                          </span>
                        )}
                      </span>
                    </td>
                    <td className="py-2 pr-4 text-right">{formatNumber(due)}</td>
                    <td className="py-2 pr-4 text-right max-sm:hidden">{formatNumber(delayed)}</td>
                    <td className="py-2 pr-4 text-right max-sm:hidden">{formatNumber(reserved)}</td>
                    <td className="py-2 pr-4 text-right">
                      {workers === 0 && due > 0 && paused_at === null ? (
                        <Badge tone="amber">0</Badge>
                      ) : (
                        formatNumber(workers)
                      )}
                    </td>
                    <td className="py-1 pr-4 max-sm:hidden">
                      <span className="flex justify-end">
                        <Sparkline values={courseOf(queue)} label={t('overview.courseOf', { queue })} />
                      </span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Section>
  )
}
