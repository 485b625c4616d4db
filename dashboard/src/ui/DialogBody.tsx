import { Dialog } from '@base-ui/react/dialog'
import { useT } from '../i18n/index.ts'
import { classes } from './classes.ts'
import type { DialogProps } from './Dialog.tsx'
import { Icon } from './Icon.tsx'

export default function DialogBody({ onClose, title, children, side = false, alert = false }: DialogProps) {
  const t = useT()
  return (
    <Dialog.Root
      open
      disablePointerDismissal={alert}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(10_12_14/0.45)]" />
        <Dialog.Popup
          role={alert ? 'alertdialog' : 'dialog'}
          className={classes(
            'fixed z-50 flex flex-col overflow-y-auto border bg-raised text-ink shadow-raised',
            side
              ? 'inset-y-0 left-0 w-64 p-3'
              : 'appear inset-x-3 top-[12dvh] mx-auto max-h-[76dvh] max-w-lg rounded-lg p-5',
          )}
        >
          <div className={classes('flex items-center gap-3', side ? 'mb-2 px-2' : 'mb-2')}>
            <Dialog.Title className="grow font-semibold text-lg tracking-tight">{title}</Dialog.Title>
            <Dialog.Close
              aria-label={t('common.close')}
              className="-mr-1.5 flex size-8 items-center justify-center rounded-md text-faint hover:bg-hover hover:text-ink"
            >
              <Icon name="cancel" />
            </Dialog.Close>
          </div>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
