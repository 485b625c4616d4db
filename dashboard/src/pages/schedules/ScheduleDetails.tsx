import type { ReactNode } from 'react'
import type { ScheduleRow } from '../../api/client.ts'
import { formatInstant } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { Ago } from '../../ui/Time.tsx'
import { useTimingWords } from './timing.ts'

/** Everything of one schedule, with the times at which it will fire. */
export function ScheduleDetails({ schedule, onClose }: { schedule: ScheduleRow; onClose: () => void }) {
  const t = useT()
  const words = useTimingWords()
  const {
    key,
    job,
    queue,
    cron,
    zone,
    missed,
    overlap,
    origin,
    input,
    next_runs: runs,
    last_at: lastAt,
    last_uuid: uuid,
  } = schedule
  return (
    <Dialog open onClose={onClose} title={key}>
      <p className="mb-3">{words(schedule)}</p>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-2 text-sm">
        <Fact name={t('schedulesPage.job')}>
          <code className="font-mono">{job}</code>
        </Fact>
        <Fact name={t('schedulesPage.queue')}>{queue}</Fact>
        {cron !== null && (
          <Fact name={t('schedulesPage.expression')}>
            <code className="font-mono">{cron}</code>
          </Fact>
        )}
        {zone !== null && <Fact name={t('schedulesPage.zone')}>{zone}</Fact>}
        <Fact name={t('schedulesPage.nextFive')}>
          {runs.length === 0 ? (
            t('schedulesPage.noRuns')
          ) : (
            <ol className="flex flex-col gap-0.5">
              {runs.map((at) => (
                <li key={at}>
                  {formatInstant(Date.parse(at))}{' '}
                  <span className="text-faint">
                    · <Ago at={at} />
                  </span>
                </li>
              ))}
            </ol>
          )}
        </Fact>
        <Fact name={t('schedulesPage.last')}>{lastAt === null ? t('common.never') : <Ago at={lastAt} />}</Fact>
        {uuid !== null && (
          <Fact name={t('schedulesPage.lastJob')}>
            <code className="font-mono text-xs">{uuid}</code>
          </Fact>
        )}
        <Fact name={t('schedulesPage.missed')}>{t(`schedulesPage.missedWays.${missed}`)}</Fact>
        <Fact name={t('schedulesPage.overlap')}>{t(`schedulesPage.overlapWays.${overlap}`)}</Fact>
        <Fact name={t('schedulesPage.origin')}>{t(`schedulesPage.origins.${origin}`)}</Fact>
        <Fact name={t('schedulesPage.input')}>
          <pre className="overflow-x-auto whitespace-pre-wrap rounded-md bg-sunken p-2 font-mono text-xs">
            {JSON.stringify(input, null, 2)}
          </pre>
        </Fact>
      </dl>
    </Dialog>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-faint">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  )
}
