import { cloneElement, type ReactElement, type SyntheticEvent, useRef } from 'react'

interface Anchor {
  onPointerEnter?: (event: SyntheticEvent<HTMLElement>) => void
  onPointerLeave?: () => void
  onFocus?: (event: SyntheticEvent<HTMLElement>) => void
  onBlur?: () => void
}

const GAP = 6
const DELAY_MS = 350

/**
 * A few words beside what they explain, while it is pointed at or focused; Escape closes them. They only repeat a label
 * that is there for everybody else, so assistive technology is not told twice.
 */
export function Tooltip({ text, children }: { text: string; children: ReactElement<Anchor> }) {
  const bubble = useRef<HTMLDivElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const show = (anchor: HTMLElement, delay: number) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => place(anchor, bubble.current), delay)
  }
  const hide = () => {
    clearTimeout(timer.current)
    if (bubble.current?.matches(':popover-open')) bubble.current.hidePopover()
  }
  return (
    <>
      {cloneElement(children, {
        onPointerEnter: (event) => show(event.currentTarget, DELAY_MS),
        onPointerLeave: hide,
        onFocus: (event) => {
          if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget, 0)
        },
        onBlur: hide,
      })}
      <div
        ref={bubble}
        popover="hint"
        aria-hidden="true"
        className="pointer-events-none fixed max-w-64 rounded-md bg-ink px-2 py-1 text-ground text-xs shadow-raised"
      >
        {text}
      </div>
    </>
  )
}

function place(anchor: HTMLElement, bubble: HTMLElement | null): void {
  if (bubble === null || !anchor.isConnected) return
  bubble.showPopover()
  const at = anchor.getBoundingClientRect()
  const { width, height } = bubble.getBoundingClientRect()
  const left = Math.max(GAP, Math.min(at.left + at.width / 2 - width / 2, innerWidth - width - GAP))
  const below = at.bottom + GAP + height < innerHeight
  Object.assign(bubble.style, { left: `${left}px`, top: `${below ? at.bottom + GAP : at.top - GAP - height}px` })
}
