import { lazy, type ReactNode, Suspense } from 'react'

export interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
  /** From the side of the screen: the navigation on phones. */
  side?: boolean
  /** Asks before something that can't be taken back: a click beside it does not close it. */
  alert?: boolean
}

/** Fetched with the first dialog somebody opens. */
const Body = lazy(() => import('./DialogBody.tsx'))

/** A dialog over the page: holds the focus while it is open, and gives it back. */
export function Dialog(props: DialogProps) {
  return props.open ? (
    <Suspense>
      <Body {...props} />
    </Suspense>
  ) : null
}
