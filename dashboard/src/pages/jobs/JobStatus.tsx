import type { JobRow } from '../../api/client.ts'
import { useT } from '../../i18n/index.ts'
import { Badge, type BadgeTone } from '../../ui/Badge.tsx'

const TONES: Record<JobRow['status'], BadgeTone> = { due: 'blue', delayed: 'violet', reserved: 'accent' }

export function JobStatus({ status }: { status: JobRow['status'] }) {
  const t = useT()
  return <Badge tone={TONES[status]}>{t(`status.${status}`)}</Badge>
}
