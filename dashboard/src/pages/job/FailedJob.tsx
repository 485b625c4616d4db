import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { problemOf } from '../../api/client.ts'
import { failedJobQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { Facts } from '../../lists/Facts.tsx'
import { useSurfaced } from '../../lists/surfaced.ts'
import { useMay } from '../../session/use-me.ts'
import { asAddress } from '../../ui/as-address.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, ButtonLink } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Page, Section } from '../../ui/Page.tsx'
import { Empty, Failed, Skeleton } from '../../ui/States.tsx'
import { useFailedActions } from '../failed/use-failed-actions.ts'
import { Attempts } from './Attempts.tsx'
import { curlOf } from './curl.ts'
import { ExceptionView } from './ExceptionView.tsx'
import { JobPage } from './JobPage.tsx'
import { Payload } from './Payload.tsx'
import { rowFacts } from './row-facts.tsx'
import { momentsOf, Timeline } from './Timeline.tsx'

/** A job that spent its attempts: what it was thrown out by, and the two ways out. */
export default function FailedJob() {
  const t = useT()
  const { id } = useParams({ strict: false }) as { id: string }
  const navigate = useNavigate()
  const mayAct = useMay('operator')
  const { busy, retry, remove } = useFailedActions()
  const { data: job, error, refetch } = useQuery(failedJobQuery(id))
  const surfaced = useSurfaced()
  const problem = error === null ? undefined : problemOf(error)
  if (problem?.status === 404) {
    return (
      <Page title={t('job.failedTitle', { id })}>
        <div className="surface pb-8 text-center">
          <Empty title={t('job.notFailed')}>
            {problem.detail !== undefined && <span lang="en">{problem.detail}</span>}
          </Empty>
          <ButtonLink to="/failed">{t('nav.failed')}</ButtonLink>
        </div>
      </Page>
    )
  }
  if (job === undefined)
    return error === null ? <Skeleton lines={10} /> : <Failed error={error} onRetry={() => void refetch()} />
  const leave = async (done: Promise<boolean>) => {
    if (await done) void navigate(asAddress({ to: '/failed' }))
  }
  return (
    <JobPage
      back="failed"
      title={job.job_class}
      aside={<Badge tone="red">{t('status.failed')}</Badge>}
      actions={
        mayAct && (
          <>
            <Button tone="primary" icon="retry" busy={busy} onClick={() => void leave(retry(job))}>
              {t('failed.retry')}
            </Button>
            <Button icon="delete" busy={busy} onClick={() => void leave(remove(job))}>
              {t('failed.delete')}
            </Button>
          </>
        )
      }
      side={
        <>
          <Section
            title={t('job.facts')}
            actions={<CopyButton text={curlOf('POST', `/retry/${id}`)} label={t('job.copyCurlRetry')} />}
          >
            <Facts facts={[...rowFacts(t, job, surfaced), [t('job.connection'), job.connection]]} />
            {job.fingerprint !== null && (
              <ButtonLink to="/failed" search={{ error: job.fingerprint }} tone="quiet" className="mt-3 -ml-2.5">
                {t('job.sameError')}
              </ButtonLink>
            )}
          </Section>
          <Section title={t('job.timeline')}>
            <Timeline
              moments={[
                ...momentsOf(job.runs, {
                  began: (n) => t('job.began', { n }),
                  ended: (n, outcome) => t('job.ended', { n, outcome: t(`outcomes.${outcome}` as 'outcomes.failed') }),
                }),
                { label: t('job.failedAt'), at: job.failed_at, tone: 'red' },
              ]}
            />
          </Section>
        </>
      }
    >
      <ExceptionView text={job.exception} />
      <Payload kind="failed" id={id} payload={job.payload} payloadKind={job.payload_kind} />
      <Attempts runs={job.runs} />
    </JobPage>
  )
}
