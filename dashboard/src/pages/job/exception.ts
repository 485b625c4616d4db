/** A line of a stack trace. */
export interface Frame {
  /** As it was written. */
  text: string
  /** Function or method; null where the line names none. */
  name: string | null
  /** File and line. */
  place: string | null
  /** Of the application: not of a library, of the runtime, or of Faena. */
  own: boolean
}

/** A part of an exception: what was thrown, or what it was caused by. */
export interface ThrownPart {
  headline: string
  frames: Frame[]
}

const FOREIGN =
  /(^|[/\\])(node_modules|vendor)[/\\]|\bnode:|\binternal\/|\[internal function\]|<anonymous>$|^\{main\}$|[/\\]faena[/\\](src|dist)[/\\]/

/**
 * The texts of exceptions that Node and PHP write, read as far as they can be: headlines, and under each its frames.
 * What fits no form belongs to the headline before it, so nothing is lost.
 */
export function readException(text: string): ThrownPart[] {
  const parts: ThrownPart[] = []
  let lines: string[] = []
  const end = () => {
    const headline = lines.join('\n').trim()
    lines = []
    if (headline !== '') parts.push({ headline, frames: [] })
  }
  for (const line of text.split(/\r?\n/)) {
    const frame = frameIn(line)
    if (frame !== undefined) {
      end()
      const last = parts.at(-1)
      if (last === undefined) parts.push({ headline: '', frames: [frame] })
      else last.frames.push(frame)
    } else if (!/^\s*(Stack trace:|\[stacktrace\]|\}|\{)?\s*$/.test(line)) {
      const last = parts.at(-1)
      // A headline goes on until its first frame.
      if (last !== undefined && last.frames.length > 0 && lines.length === 0) lines.push(line)
      else lines.push(line)
    }
  }
  end()
  // PHP writes the cause first and what was thrown because of it after "Next": what was thrown comes first here.
  const chained = parts.some(({ headline }) => NEXT.test(headline))
  return chained ? parts.map((part) => ({ ...part, headline: part.headline.replace(NEXT, '') })).reverse() : parts
}

const NEXT = /^Next (?=\S)/

function frameIn(line: string): Frame | undefined {
  const node = /^\s+at (?:(.+?) \()?((?:[^()]|\([^()]*\))+?)\)?$/.exec(line)
  if (node !== null) {
    const [, name = null, place = ''] = node
    return { text: line.trim(), name, place, own: !FOREIGN.test(place) }
  }
  const php = /^\s*#\d+ (.+)$/.exec(line)
  if (php === null) return undefined
  const [, rest = ''] = php
  const found = /^(.+?\(\d+\)|\[internal function\]): (.+)$/.exec(rest)
  const place = found?.[1] ?? rest
  return { text: line.trim(), name: found?.[2] ?? null, place, own: !FOREIGN.test(place) }
}
