import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { classes } from './classes.ts'
import { Icon, type IconName } from './Icon.tsx'
import { Tooltip } from './Tooltip.tsx'

export interface MenuItem {
  label: string
  icon?: IconName
  /** Red: deletes. */
  danger?: boolean
  disabled?: boolean
  /** One of a choice: says whether it is the chosen one. */
  checked?: boolean
  onSelect: () => void
}

export interface MenuProps {
  /** What the button says; with `icon` alone it is the tooltip. */
  label: string
  icon?: IconName
  /** Shown on the button beside or in the place of the icon. */
  children?: ReactNode
  items: readonly MenuItem[]
  className?: string
}

const GAP = 4

/**
 * A button with a list of what can be done. The browser's own popover keeps it above everything, closes it on Escape or
 * a click elsewhere, and gives the focus back.
 */
export function Menu({ label, icon, children, items, className }: MenuProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)

  const opener = (
    <button
      ref={button}
      type="button"
      popoverTarget={id}
      aria-haspopup="menu"
      aria-expanded={open}
      aria-label={children === undefined ? label : undefined}
      className={classes(
        'inline-flex min-h-8 min-w-8 items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium text-sm transition-colors',
        className ?? 'text-soft hover:bg-hover hover:text-ink',
        children !== undefined && 'px-2',
      )}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
      {children !== undefined && <Icon name="down" className="opacity-70" />}
    </button>
  )

  return (
    <>
      {children === undefined ? <Tooltip text={label}>{opener}</Tooltip> : opener}
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        onToggle={(event) => {
          setOpen(event.newState === 'open')
          if (event.newState === 'open') place(button.current, list.current)
        }}
        onKeyDown={(event) => walk(event, list.current)}
        className="fixed min-w-44 max-w-80 rounded-lg border bg-raised p-1 shadow-raised"
      >
        {open &&
          items.map((item) => (
            <button
              key={item.label}
              type="button"
              role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
              {...(item.checked !== undefined && { 'aria-checked': item.checked })}
              tabIndex={-1}
              disabled={item.disabled}
              onClick={() => {
                list.current?.hidePopover()
                item.onSelect()
              }}
              className={classes(
                'flex min-h-8 w-full items-center gap-2 rounded-md px-2 text-left text-sm hover:bg-hover focus-visible:bg-hover disabled:opacity-55',
                item.danger ? 'text-red' : 'text-ink',
              )}
            >
              {item.icon !== undefined && <Icon name={item.icon} />}
              <span className="grow">{item.label}</span>
              {item.checked && <Icon name="check" className="text-accent" />}
            </button>
          ))}
      </div>
    </>
  )
}

function place(button: HTMLElement | null, list: HTMLElement | null): void {
  if (button === null || list === null) return
  const at = button.getBoundingClientRect()
  // Its items are there on the next frame; only then it has a size.
  requestAnimationFrame(() => {
    const { width, height } = list.getBoundingClientRect()
    const left = at.left + width + GAP > innerWidth ? at.right - width : at.left
    const top = at.bottom + GAP + height > innerHeight ? Math.max(GAP, at.top - GAP - height) : at.bottom + GAP
    Object.assign(list.style, { left: `${Math.max(GAP, left)}px`, top: `${top}px` })
    list.querySelector<HTMLElement>('[role^=menuitem]:not(:disabled)')?.focus()
  })
}

function walk(event: KeyboardEvent, list: HTMLElement | null): void {
  const items = [...(list?.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)') ?? [])]
  const at = items.indexOf(document.activeElement as HTMLElement)
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }
  const next = to[event.key]
  if (next === undefined) {
    if (event.key === 'Tab') list?.hidePopover()
    return
  }
  event.preventDefault()
  items[(next + items.length) % items.length]?.focus()
}
