import type { ReactNode } from 'react'
import type { ScheduleRow } from '../../api/client.ts'
import { formatInstant } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Facts } from '../../lists/Facts.tsx'
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
      <Facts
        facts={[
          [t('schedulesPage.job'), code(job)],
          [t('schedulesPage.queue'), queue],
          [t('schedulesPage.expression'), cron && code(cron)],
          [t('schedulesPage.zone'), zone],
          [t('schedulesPage.nextFive'), runs.length === 0 ? t('schedulesPage.noRuns') : <Runs key="runs" at={runs} />],
          [t('schedulesPage.last'), lastAt === null ? t('common.never') : <Ago key="last" at={lastAt} />],
          [t('schedulesPage.lastJob'), uuid && code(uuid)],
          [t('schedulesPage.missed'), t(`schedulesPage.missedWays.${missed}`)],
          [t('schedulesPage.overlap'), t(`schedulesPage.overlapWays.${overlap}`)],
          [t('schedulesPage.origin'), t(`schedulesPage.origins.${origin}`)],
          [
            t('schedulesPage.input'),
            <pre key="input" className="overflow-x-auto whitespace-pre-wrap rounded-md bg-sunken p-2 font-mono text-xs">
              {JSON.stringify(input, null, 2)}
            </pre>,
          ],
        ]}
      />
    </Dialog>
  )
}

function Runs({ at: runs }: { at: readonly string[] }) {
  return (
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
  )
}

function code(text: string): ReactNode {
  return (
    <code key={text} className="break-all font-mono text-xs">
      {text}
    </code>
  )
}
