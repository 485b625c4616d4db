import { Link } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import { classes } from './classes.ts'
import { Icon, type IconName } from './Icon.tsx'
import { Tooltip } from './Tooltip.tsx'

/**
 * `primary` once on a page at most; `danger` for what deletes, in the dialog that asks; `quiet` in rows and bars, `accent` for what one
 * mostly comes to a row for.
 */
export type Tone = 'primary' | 'plain' | 'danger' | 'quiet' | 'accent'

const TONES: Record<Tone, string> = {
  primary: 'border-accent bg-accent text-on-accent hover:opacity-90',
  plain: 'border-strong bg-surface text-ink hover:bg-hover',
  danger: 'border-red-solid bg-red-solid text-white hover:opacity-90',
  accent: 'border-transparent bg-transparent text-accent hover:bg-accent-soft',
  quiet: 'border-transparent bg-transparent text-soft hover:bg-hover hover:text-ink',
}

const SHAPE =
  'inline-flex min-h-8 items-center justify-center gap-1.5 whitespace-nowrap rounded-md border px-2.5 font-medium text-sm transition-colors disabled:opacity-55 aria-disabled:opacity-55'

export interface ButtonProps extends ComponentProps<'button'> {
  tone?: Tone
  icon?: IconName
  /** Something is under way: the button can't be pressed again, and says so. */
  busy?: boolean
}

export function Button({ tone = 'plain', icon, busy = false, className, children, disabled, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      className={classes(SHAPE, TONES[tone], className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...props}
    >
      {icon !== undefined && <Icon name={icon} className={busy ? 'pulse' : undefined} />}
      {children}
    </button>
  )
}

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  icon: IconName
  /** What it does: shown as a tooltip, and read out. */
  label: string
  busy?: boolean
}

export function IconButton({ icon, label, busy = false, className, disabled, ...props }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        disabled={disabled || busy}
        className={classes(
          'inline-flex size-8 shrink-0 items-center justify-center rounded-md text-soft transition-colors hover:bg-hover hover:text-ink disabled:opacity-55',
          className,
        )}
        {...props}
      >
        <Icon name={icon} className={busy ? 'pulse' : undefined} />
      </button>
    </Tooltip>
  )
}

export interface ButtonLinkProps {
  to: string
  search?: Record<string, string>
  tone?: Tone
  icon?: IconName
  children: ReactNode
  className?: string
}

/** Looks like a button, goes somewhere. */
export function ButtonLink({ tone = 'plain', icon, children, className, ...props }: ButtonLinkProps) {
  return (
    <Link className={classes(SHAPE, TONES[tone], className)} {...props}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </Link>
  )
}
