import { useMemo, useState } from 'react'
import { useT } from '../../i18n/index.ts'
import { visible } from '../../json/visible.ts'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { classes } from '../../ui/classes.ts'
import { Section } from '../../ui/Page.tsx'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'
import { type Frame, readException, type ThrownPart } from './exception.ts'

/** What was thrown: its words first, then the lines of one's own code, then those of libraries, folded. */
export function ExceptionView({ text }: { text: string }) {
  const t = useT()
  const [view, setView] = useState<'read' | 'raw'>('read')
  const parts = useMemo(() => readException(text), [text])
  return (
    <Section
      title={t('job.exception')}
      actions={
        <>
          <ViewSwitch
            label={t('job.exception')}
            value={view}
            options={[
              { value: 'read', label: t('job.frames') },
              { value: 'raw', label: t('job.raw') },
            ]}
            onChange={setView}
          />
          <CopyButton text={text} label={t('job.copyException')} />
        </>
      }
    >
      {view === 'raw' ? (
        <pre className="overflow-x-auto whitespace-pre-wrap break-words font-mono text-xs leading-relaxed">
          {visible(text)}
        </pre>
      ) : (
        <ol className="flex flex-col gap-4">
          {parts.map((part, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text, never reordered
            <li key={at} className={classes(at > 0 && 'border-t pt-4')}>
              {at > 0 && <p className="mb-1 text-faint text-xs">{t('job.causedBy')}</p>}
              <Part part={part} />
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}

function Part({ part: { headline, frames } }: { part: ThrownPart }) {
  const t = useT()
  const own = frames.filter((frame) => frame.own)
  const foreign = frames.filter((frame) => !frame.own)
  return (
    <>
      {headline !== '' && <p className="mb-2 whitespace-pre-wrap font-medium text-red">{visible(headline)}</p>}
      {own.length > 0 && <Frames frames={own} />}
      {foreign.length > 0 && (
        <details className="mt-1.5">
          <summary className="text-faint text-sm hover:text-ink">
            {t('job.foreignFrames', { count: foreign.length })}
          </summary>
          <Frames frames={foreign} faint />
        </details>
      )}
    </>
  )
}

function Frames({ frames, faint = false }: { frames: readonly Frame[]; faint?: boolean }) {
  return (
    <ul className={classes('flex flex-col font-mono text-xs leading-relaxed', faint && 'mt-1 text-faint')}>
      {frames.map((frame, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text, never reordered
        <li key={at} className="break-all">
          {frame.name !== null && <span className={faint ? '' : 'font-semibold'}>{visible(frame.name)} </span>}
          <span className="text-faint">{visible(frame.place ?? frame.text)}</span>
        </li>
      ))}
    </ul>
  )
}
