import { type ReactNode, useState } from 'react'
import { useT } from '../i18n/index.ts'
import { Icon } from '../ui/Icon.tsx'
import { visible } from './visible.ts'

/** Deeper than this a tree is closed until it is opened. */
const OPEN_DEPTH = 2
/** Members shown of one object or list before the rest must be asked for. */
const MOST = 100

/** Any JSON as a tree that opens and closes. Everything in it is text, whatever it looks like. */
export function JsonTree({ value }: { value: unknown }) {
  return (
    <div className="overflow-x-auto font-mono text-xs leading-relaxed">
      <Node value={value} depth={0} />
    </div>
  )
}

function Node({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const label = name === undefined ? null : <span className="text-soft">{visible(name)}: </span>
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="pl-4">
        {label}
        <Leaf value={value} />
      </div>
    )
  }
  const members = Array.isArray(value)
    ? value.map((item, at): [string, unknown] => [String(at), item])
    : Object.entries(value)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (members.length === 0) {
    return (
      <div className="pl-4">
        {label}
        <span className="text-faint">
          {open}
          {close}
        </span>
      </div>
    )
  }
  return <Branch label={label} members={members} open={open ?? ''} close={close ?? ''} depth={depth} />
}

interface BranchProps {
  label: ReactNode
  members: [string, unknown][]
  open: string
  close: string
  depth: number
}

function Branch({ label, members, open, close, depth }: BranchProps) {
  const t = useT()
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH)
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? members : members.slice(0, MOST)
  return (
    <div>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex items-center rounded-sm text-left hover:bg-hover"
      >
        <Icon name={isOpen ? 'down' : 'right'} className="mr-0.5 size-3.5 text-faint" />
        {label}
        <span className="ml-1 text-faint">{isOpen ? open : `${open} ${members.length} ${close}`}</span>
      </button>
      {isOpen && (
        <>
          <div className="ml-[0.4rem] border-l pl-2.5">
            {shown.map(([key, member]) => (
              <Node key={key} name={key} value={member} depth={depth + 1} />
            ))}
            {shown.length < members.length && (
              <button type="button" onClick={() => setWhole(true)} className="ml-4 text-accent underline">
                {t('json.more', { count: members.length - shown.length })}
              </button>
            )}
          </div>
          <div className="pl-4 text-faint">{close}</div>
        </>
      )}
    </div>
  )
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string')
    return <span className="whitespace-pre-wrap break-all text-green">"{visible(value)}"</span>
  if (typeof value === 'number' || typeof value === 'bigint') return <span className="text-blue">{String(value)}</span>
  return <span className="text-violet">{String(value)}</span>
}
