import { useEffect, useId, useRef, useState } from 'react'
import { useT } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Menu } from '../ui/Menu.tsx'

export interface FilterField {
  /** Its key in the values, and in the address. */
  name: string
  label: string
  kind: 'text' | 'choice' | 'moment'
  options?: readonly string[]
  /** What an option is called; left out, by itself. */
  word?: (option: string) => string
  placeholder?: string
}

export interface FilterBarProps {
  fields: readonly FilterField[]
  values: Readonly<Record<string, string>>
  onChange: (change: Record<string, string>) => void
  /** Name and placeholder of the search text; left out, there is none. */
  search?: { name: string; placeholder: string }
}

/**
 * What a list is narrowed by: a search, and a chip for each filter that is set. Others come from a menu, so that a list
 * without filters is not surrounded by empty fields. `/` goes to the search.
 */
export function FilterBar({ fields, values, onChange, search }: FilterBarProps) {
  const t = useT()
  const [added, setAdded] = useState<readonly string[]>([])
  const set = fields.filter(({ name }) => (values[name] ?? '') !== '' || added.includes(name))
  const unset = fields.filter((field) => !set.includes(field))
  const remove = (name: string) => {
    setAdded(added.filter((one) => one !== name))
    if ((values[name] ?? '') !== '') onChange({ [name]: '' })
  }
  const clear = () => {
    setAdded([])
    onChange(
      Object.fromEntries(
        [...fields.map(({ name }) => name), ...(search ? [search.name] : [])].map((name) => [name, '']),
      ),
    )
  }
  const isNarrowed = set.length > 0 || (search !== undefined && (values[search.name] ?? '') !== '')
  return (
    <search className="flex w-full min-w-0 flex-wrap items-center gap-2 sm:w-auto sm:min-w-72 sm:grow sm:basis-0">
      {search !== undefined && (
        <SearchBox
          value={values[search.name] ?? ''}
          placeholder={search.placeholder}
          onChange={(text) => onChange({ [search.name]: text })}
        />
      )}
      {set.map((field) => (
        <Chip
          key={field.name}
          field={field}
          value={values[field.name] ?? ''}
          fresh={added.includes(field.name)}
          onChange={(value) => onChange({ [field.name]: value })}
          onRemove={() => remove(field.name)}
        />
      ))}
      {unset.length > 0 && (
        <Menu
          label={t('filters.add')}
          icon="filter"
          items={unset.map(({ name, label }) => ({ label, onSelect: () => setAdded([...added, name]) }))}
        >
          {t('filters.add')}
        </Menu>
      )}
      {isNarrowed && (
        <Button tone="quiet" onClick={clear}>
          {t('states.clearFilters')}
        </Button>
      )}
    </search>
  )
}

const SETTLED_MS = 300

/** A text that is handed on when nobody has typed for a moment, or at Enter. */
function useSettled(value: string, onChange: (value: string) => void) {
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => setText(value), [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  return {
    text,
    type(next: string, now = false) {
      setText(next)
      clearTimeout(timer.current)
      if (now) onChange(next.trim())
      else timer.current = setTimeout(() => onChange(next.trim()), SETTLED_MS)
    },
  }
}

function SearchBox({
  value,
  placeholder,
  onChange,
}: {
  value: string
  placeholder: string
  onChange: (text: string) => void
}) {
  const { text, type } = useSettled(value, onChange)
  return (
    <div className="relative min-w-0 grow sm:max-w-72">
      <Icon name="search" className="pointer-events-none absolute top-2 left-2.5 text-faint" />
      <input
        type="search"
        data-search
        aria-label={placeholder}
        placeholder={placeholder}
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') type(text, true)
          if (event.key === 'Escape' && text === '') event.currentTarget.blur()
        }}
        className="control w-full pl-8"
      />
    </div>
  )
}

interface ChipProps {
  field: FilterField
  value: string
  fresh: boolean
  onChange: (value: string) => void
  onRemove: () => void
}

function Chip({ field, value, fresh, onChange, onRemove }: ChipProps) {
  const t = useT()
  const id = useId()
  const { text, type } = useSettled(value, onChange)
  const control = useRef<HTMLInputElement & HTMLSelectElement>(null)
  useEffect(() => {
    if (fresh) control.current?.focus()
  }, [fresh])
  const shape = 'min-h-7 min-w-0 max-w-44 bg-transparent text-ink text-sm outline-none'
  return (
    <div className="inline-flex min-h-8 max-w-full items-center rounded-md border border-strong bg-surface pl-2.5 text-sm focus-within:outline-2 focus-within:outline-accent">
      <label htmlFor={id} className="mr-1.5 whitespace-nowrap text-faint">
        {field.label}
      </label>
      {field.kind === 'choice' ? (
        <select
          ref={control}
          id={id}
          className={shape}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          <option value="">{t('filters.any')}</option>
          {[...new Set([...(field.options ?? []), ...(value === '' ? [] : [value])])].map((option) => (
            <option key={option} value={option}>
              {field.word?.(option) ?? option}
            </option>
          ))}
        </select>
      ) : (
        <input
          ref={control}
          id={id}
          type={field.kind === 'moment' ? 'datetime-local' : 'text'}
          className={`${shape} ${field.kind === 'moment' ? '' : 'w-40'}`}
          placeholder={field.placeholder}
          value={field.kind === 'moment' ? text.replace(' ', 'T') : text}
          list={field.options === undefined ? undefined : `${id}-known`}
          onChange={(event) => type(field.kind === 'moment' ? wallText(event.target.value) : event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') type(text, true)
          }}
        />
      )}
      {field.kind === 'text' && field.options !== undefined && (
        <datalist id={`${id}-known`}>
          {field.options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
      <button
        type="button"
        aria-label={t('filters.remove', { name: field.label })}
        onClick={onRemove}
        className="flex size-7 items-center justify-center rounded-md text-faint hover:text-ink"
      >
        <Icon name="cancel" className="size-3" />
      </button>
    </div>
  )
}

/** `2026-11-22T10:30` → `2026-11-22 10:30:00`, as the API reads times in the server's zone. */
function wallText(value: string): string {
  if (value === '') return ''
  return `${value.replace('T', ' ')}${value.length === 16 ? ':00' : ''}`
}
