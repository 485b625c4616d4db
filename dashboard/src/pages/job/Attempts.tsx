import type { RunRow } from '../../api/client.ts'
import { formatDuration } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { JsonTree } from '../../json/JsonTree.tsx'
import { visible } from '../../json/visible.ts'
import { Badge, type BadgeTone } from '../../ui/Badge.tsx'
import { Section } from '../../ui/Page.tsx'
import { WallTime } from '../../ui/Time.tsx'

const TONES: Record<string, BadgeTone> = {
  completed: 'green',
  failed: 'red',
  retry: 'amber',
  crashed: 'red',
  running: 'accent',
  released: 'violet',
  cancelled: 'neutral',
}
const OUTCOMES = ['completed', 'failed', 'retry', 'crashed', 'running', 'released', 'cancelled'] as const

/** Each attempt: when, how long, how it ended, what it said. The newest is open. */
export function Attempts({ runs }: { runs: readonly RunRow[] }) {
  const t = useT()
  return (
    <Section title={t('job.attempts')} flush>
      {runs.length === 0 ? (
        <p className="px-4 py-6 text-center text-soft text-sm">{t('job.noAttempts')}</p>
      ) : (
        <ol>
          {runs.map((run, at) => (
            <li key={`${run.attempt} ${run.started_at_human}`} className="border-b last:border-0">
              <details open={at === 0}>
                <summary className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 hover:bg-hover">
                  <span className="font-medium">{t('job.attempt', { n: run.attempt })}</span>
                  <Outcome outcome={run.outcome} />
                  <span className="text-soft text-sm">
                    <WallTime at={run.started_at_human} />
                    {run.duration_ms !== null && ` · ${formatDuration(run.duration_ms)}`}
                  </span>
                  <span className="ml-auto text-faint text-xs">{t('job.byWorker', { id: run.worker })}</span>
                </summary>
                <div className="flex flex-col gap-3 px-4 pt-1 pb-4">
                  {run.progress !== null && <Progress percent={run.progress} note={run.note} />}
                  {run.headline !== null && <p className="whitespace-pre-wrap text-red">{visible(run.headline)}</p>}
                  {run.log.length > 0 && (
                    <pre className="max-h-80 overflow-auto whitespace-pre-wrap break-words rounded-md border bg-sunken p-3 font-mono text-xs leading-relaxed">
                      {run.log.map(visible).join('\n')}
                    </pre>
                  )}
                  {run.result !== null && run.result !== undefined && (
                    <div>
                      <p className="text-faint text-xs">{t('job.result')}</p>
                      <JsonTree value={run.result} />
                    </div>
                  )}
                  {run.progress === null &&
                    run.headline === null &&
                    run.log.length === 0 &&
                    (run.result ?? null) === null && <p className="text-faint text-sm">{t('job.quietAttempt')}</p>}
                </div>
              </details>
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}

function Outcome({ outcome }: { outcome: string }) {
  const t = useT()
  const known = OUTCOMES.find((one) => one === outcome)
  return <Badge tone={TONES[outcome] ?? 'neutral'}>{known === undefined ? outcome : t(`outcomes.${known}`)}</Badge>
}

function Progress({ percent, note }: { percent: number; note: string | null }) {
  const t = useT()
  return (
    <div className="flex items-center gap-3 text-sm">
      <progress aria-label={t('job.progress')} max={100} value={percent} className="h-1.5 max-w-64 grow" />
      <span>{Math.round(percent)} %</span>
      {note !== null && <span className="min-w-0 truncate text-soft">{visible(note)}</span>}
    </div>
  )
}
