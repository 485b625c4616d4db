import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { problemOf } from '../../api/client.ts'
import { jobQuery, whyQuery } from '../../api/queries.ts'
import { formatDuration } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Facts } from '../../lists/Facts.tsx'
import { useSurfaced } from '../../lists/surfaced.ts'
import { useLive } from '../../live/use-live.ts'
import { useMay } from '../../session/use-me.ts'
import { asAddress } from '../../ui/as-address.ts'
import { Button, ButtonLink } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Page, Section } from '../../ui/Page.tsx'
import { Empty, Failed, Skeleton } from '../../ui/States.tsx'
import { WallTime } from '../../ui/Time.tsx'
import { JobStatus } from '../jobs/JobStatus.tsx'
import { useJobActions } from '../jobs/use-job-actions.ts'
import { Attempts } from './Attempts.tsx'
import { curlOf } from './curl.ts'
import { JobPage } from './JobPage.tsx'
import { Payload } from './Payload.tsx'
import { rowFacts } from './row-facts.tsx'
import { type Moment, momentsOf, Timeline } from './Timeline.tsx'

/** Progress and log lines of a running job come so often. */
const LOOK_MS = 2_000

/** A job that waits or runs: why it does not run, or how far it is. */
export default function LiveJob() {
  const t = useT()
  const { id } = useParams({ strict: false }) as { id: string }
  const navigate = useNavigate()
  const { mode } = useLive()
  const mayAct = useMay('operator')
  const { busy, runNow, remove } = useJobActions()
  const {
    data: job,
    error,
    refetch,
  } = useQuery({
    ...jobQuery(id),
    refetchInterval: ({ state }) =>
      mode !== 'paused' && state.status === 'success' && state.data?.status === 'reserved' ? LOOK_MS : false,
  })
  const surfaced = useSurfaced()
  if (job === undefined || (error !== null && problemOf(error).status === 404)) {
    if (error === null) return <Skeleton lines={10} />
    return <Gone id={id} error={error} onRetry={() => void refetch()} />
  }
  const moments: Moment[] = [
    { label: t('job.dispatched'), at: job.created_at_human },
    ...(job.available_at_human === job.created_at_human
      ? []
      : [
          {
            label: t('job.isDue'),
            at: job.available_at_human,
            tone: 'violet' as const,
            ahead: job.status === 'delayed',
          },
        ]),
    ...(job.reserved_at_human === null
      ? []
      : [{ label: t('job.reservedAt'), at: job.reserved_at_human, tone: 'accent' as const }]),
    ...momentsOf(job.runs, {
      began: (n) => t('job.began', { n }),
      ended: (n, outcome) => t('job.ended', { n, outcome: t(`outcomes.${outcome}` as 'outcomes.failed') }),
    }),
  ]
  const removed = async () => {
    if (await remove(job)) void navigate(asAddress({ to: '/jobs' }))
  }
  return (
    <JobPage
      back="jobs"
      title={job.job_class}
      aside={<JobStatus status={job.status} />}
      actions={
        mayAct && (
          <>
            {job.status === 'delayed' && (
              <Button tone="primary" icon="play" busy={busy} onClick={() => void runNow(job)}>
                {t('jobs.runNow')}
              </Button>
            )}
            <Button icon={job.status === 'reserved' ? 'cancel' : 'delete'} busy={busy} onClick={() => void removed()}>
              {job.status === 'reserved' ? t('jobs.cancel') : t('jobs.delete')}
            </Button>
          </>
        )
      }
      side={
        <>
          <Section
            title={t('job.facts')}
            actions={<CopyButton text={curlOf('GET', `/jobs/${id}`)} label={t('job.copyCurl')} />}
          >
            <Facts
              facts={[
                ...rowFacts(t, job, surfaced),
                [t('columns.attempts'), `${job.attempts} / ${job.max_attempts === 0 ? '∞' : job.max_attempts}`],
                [t('job.priority'), job.priority === 0 ? null : job.priority],
                [t('job.timeout'), job.timeout_ms === null ? null : formatDuration(job.timeout_ms)],
                [
                  t('job.retryUntil'),
                  job.retry_until_human === null ? null : <WallTime key="until" at={job.retry_until_human} />,
                ],
                [t('job.uniqueKey'), job.unique_key],
                [t('job.worker'), job.reserved_by],
              ]}
            />
          </Section>
          <Section title={t('job.timeline')}>
            <Timeline moments={moments} />
          </Section>
        </>
      }
    >
      <Why id={id} />
      <Payload kind="jobs" id={id} payload={job.payload} payloadKind={job.payload_kind} />
      <Attempts runs={job.runs} />
    </JobPage>
  )
}

const REASONS = [
  ...(['paused', 'delayed', 'unserved', 'unhandled', 'busy', 'behind', 'otherQueues', 'foreign'] as const),
  ...(['corrupt', 'next', 'reserved', 'workerGone', 'failed', 'ended', 'unknown'] as const),
]

function Why({ id }: { id: string }) {
  const t = useT()
  const { data } = useQuery(whyQuery(id))
  if (data === undefined) return null
  return (
    <Section title={data.state === 'reserved' ? t('job.where') : t('job.why')}>
      <ul className="flex flex-col gap-2">
        {data.reasons.map(({ code, text }) => {
          const known = REASONS.find((one) => one === code)
          return (
            <li key={code}>
              {known !== undefined && <span className="block">{t(`why.${known}`)}</span>}
              <span className="block text-faint text-xs" lang="en">
                {text}
              </span>
            </li>
          )
        })}
      </ul>
    </Section>
  )
}

/** Completed jobs leave no row: that is said, and where a failed one went. */
function Gone({ id, error, onRetry }: { id: string; error: Error; onRetry: () => void }) {
  const t = useT()
  const problem = problemOf(error)
  const { data } = useQuery({ ...whyQuery(id), enabled: problem.status === 404 })
  return (
    <Page title={t('job.title', { id })}>
      <div className="surface pb-8 text-center">
        {problem.status === 404 ? (
          <>
            <Empty icon="check" title={t('job.gone')}>
              {t('job.goneHint')}
              {problem.detail !== undefined && (
                <span className="mt-1 block text-faint text-xs" lang="en">
                  {problem.detail}
                </span>
              )}
            </Empty>
            {data?.state === 'failed' ? (
              <ButtonLink to={`/failed/${id}`}>{t('job.seeFailed')}</ButtonLink>
            ) : (
              <ButtonLink to="/jobs">{t('nav.jobs')}</ButtonLink>
            )}
          </>
        ) : (
          <Failed error={error} onRetry={onRetry} />
        )}
      </div>
    </Page>
  )
}
