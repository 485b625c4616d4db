import { useT } from '../i18n/index.ts'
import { IconButton } from './Button.tsx'
import { copy } from './copy.ts'
import { toast } from './toasts.ts'

export function CopyButton({ text, label }: { text: string; label: string }) {
  const t = useT()
  return (
    <IconButton
      icon="copy"
      label={label}
      onClick={() => void copy(text).then((done) => done && toast({ tone: 'note', text: t('common.copied') }))}
    />
  )
}
