import type { ScheduleRow } from '../../api/client.ts'
import { formatDuration } from '../../i18n/format.ts'
import { useLanguage, useT } from '../../i18n/index.ts'
import { cronWords } from './cron-words.ts'

/** When a schedule fires, in the language that is spoken; an expression that is not understood is shown as it stands. */
export function useTimingWords(): (schedule: Pick<ScheduleRow, 'cron' | 'every_ms'>) => string {
  const t = useT()
  const language = useLanguage()
  return ({ cron, every_ms: everyMs }) => {
    if (cron !== null) return cronWords(cron, language) ?? cron
    return everyMs === null ? '' : t('schedulesPage.everyLength', { length: formatDuration(everyMs) })
  }
}
