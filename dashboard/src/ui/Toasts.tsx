import { useT } from '../i18n/index.ts'
import { classes } from './classes.ts'
import { Icon, type IconName } from './Icon.tsx'
import { dismiss, type Toast, useToasts } from './toasts.ts'

const SIGNS: Record<Toast['tone'], { icon: IconName; colour: string }> = {
  done: { icon: 'check', colour: 'text-green' },
  problem: { icon: 'failed', colour: 'text-red' },
  note: { icon: 'info', colour: 'text-blue' },
}

/** What became of actions. The one polite live region of the panel: nothing else speaks by itself. */
export function Toasts() {
  const t = useT()
  const toasts = useToasts()
  return (
    <div className="pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col items-end gap-2 sm:left-auto sm:w-96">
      <p role="status" aria-live="polite" className="sr-only">
        {toasts.at(-1)?.text}
      </p>
      {toasts.map(({ id, tone, text, detail, action }) => (
        <div
          key={id}
          className="appear pointer-events-auto flex w-full items-start gap-2.5 rounded-lg border bg-raised p-3 shadow-raised"
        >
          <Icon name={SIGNS[tone].icon} className={classes('mt-0.5', SIGNS[tone].colour)} />
          <div className="min-w-0 grow">
            <p className="text-sm">{text}</p>
            {detail !== undefined && <p className="mt-0.5 text-faint text-xs">{detail}</p>}
            {action !== undefined && (
              <button
                type="button"
                className="mt-1 font-medium text-accent text-sm underline"
                onClick={() => {
                  dismiss(id)
                  action.onSelect()
                }}
              >
                {action.label}
              </button>
            )}
          </div>
          <button
            type="button"
            aria-label={t('common.close')}
            className="-m-1 flex size-6 items-center justify-center rounded-md text-faint hover:bg-hover hover:text-ink"
            onClick={() => dismiss(id)}
          >
            <Icon name="cancel" className="size-3.5" />
          </button>
        </div>
      ))}
    </div>
  )
}
