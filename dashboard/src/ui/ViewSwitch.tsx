import { classes } from './classes.ts'

/** A few views of which one is shown: a choice, kept in the address by whoever uses it. */
export function ViewSwitch<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: Value
  options: readonly { value: Value; label: string; count?: string }[]
  onChange: (value: Value) => void
}) {
  return (
    <div role="group" aria-label={label} className="inline-flex rounded-md border bg-sunken p-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={classes(
            'inline-flex min-h-7 items-center gap-1.5 rounded-[4px] px-2.5 font-medium text-sm',
            option.value === value
              ? 'bg-surface text-ink shadow-[0_0_0_1px_var(--c-line)]'
              : 'text-soft hover:text-ink',
          )}
        >
          {option.label}
          {option.count !== undefined && <span className="font-normal text-faint">{option.count}</span>}
        </button>
      ))}
    </div>
  )
}
