import { useState } from 'react'
import { api, ask, type JobDetail } from '../../api/client.ts'
import { tellProblem } from '../../api/use-action.ts'
import { useT } from '../../i18n/index.ts'
import { writeExact } from '../../json/exact.ts'
import { JsonTree } from '../../json/JsonTree.tsx'
import { useMay } from '../../session/use-me.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Section } from '../../ui/Page.tsx'

interface PayloadProps {
  kind: 'jobs' | 'failed'
  id: string
  payload: unknown
  payloadKind: JobDetail['payload_kind']
}

/** The job's payload, secrets masked. Who may see them in plain asks for it, and the audit knows. */
export function Payload({ kind, id, payload, payloadKind }: PayloadProps) {
  const t = useT()
  const mayReveal = useMay('admin')
  const [revealed, setRevealed] = useState<unknown>()
  const shown = revealed ?? payload
  const reveal = async () => {
    if (!(await confirm({ title: t('job.revealTitle'), body: t('job.revealBody'), action: t('job.reveal') }))) return
    try {
      const params = { path: { id }, query: { unmasked: true } }
      const detail =
        kind === 'jobs'
          ? await ask(api.GET('/api/v1/queue/jobs/{id}', { params }))
          : await ask(api.GET('/api/v1/queue/failed/{id}', { params }))
      setRevealed(detail.payload)
    } catch (error) {
      tellProblem(error)
    }
  }
  return (
    <Section
      title={
        <span className="flex items-center gap-2">
          {t('job.payload')}
          {payloadKind !== 'json' && <Badge tone="amber">{t(`payloadKinds.${payloadKind}`)}</Badge>}
        </span>
      }
      actions={
        <>
          {mayReveal &&
            (revealed === undefined ? (
              <Button tone="quiet" icon="eye" onClick={() => void reveal()}>
                {t('job.reveal')}
              </Button>
            ) : (
              <Button tone="quiet" icon="lock" onClick={() => setRevealed(undefined)}>
                {t('job.mask')}
              </Button>
            ))}
          <CopyButton text={typeof shown === 'string' ? shown : writeExact(shown)} label={t('job.copyPayload')} />
        </>
      }
    >
      <JsonTree value={shown} />
    </Section>
  )
}
