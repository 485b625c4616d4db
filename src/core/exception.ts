import { createHash } from 'node:crypto'

const LONGEST_TEXT = 64 * 1024
const DEEPEST_CHAIN = 20
/** Rows of other writers may have a first line of any length. */
const LONGEST_FINGERPRINTED = 2_000
const LONGEST_FRAME = 1_000

/**
 * An error as `failed_jobs.exception` holds it: PHP's own form, so that every reader of the table finds what it knows.
 * The innermost cause comes first, each later one after a blank line and `Next `; the error that was thrown is last. Never
 * throws, whatever was thrown: the job must be able to fail.
 */
export function exceptionText(error: unknown): string {
  try {
    const blocks = causes(error).reverse().map(block)
    const length = blocks.reduce((sum, text) => sum + text.length, 0)
    // Each block keeps its beginning: cut at the end as a whole, the text would lose the error that was thrown.
    const share = length > LONGEST_TEXT ? Math.floor(LONGEST_TEXT / blocks.length) : length
    return blocks.map((text) => (text.length > share ? `${text.slice(0, share)}\n… (cut)` : text)).join('\n\nNext ')
  } catch {
    return 'Error: something was thrown that cannot be read\nStack trace:\n#0 {main}'
  }
}

/** One line for lists: the first line of the text, or of its last `Next` block where causes stand before it. */
export function headline(text: string): string {
  const last = text.lastIndexOf('\n\nNext ')
  const block = last === -1 ? text : text.slice(last + '\n\nNext '.length)
  const end = block.indexOf('\n')
  return end === -1 ? block : block.slice(0, end)
}

/**
 * What two failures of one kind have in common: job name, error class and message with everything that varies (numbers,
 * ids, quoted values, paths) taken out. Sixteen hexadecimal digits.
 */
export function fingerprint(name: string, text: string): string {
  const plain = headline(text)
    .slice(0, LONGEST_FINGERPRINTED)
    .replace(/ in \S+:\d+(:\d+)?$/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '#')
    .replace(/(["'`“‘«])(?:(?!["'`”’»]).){1,200}["'`”’»]/g, '#')
    .replace(/\b0x[0-9a-f]+\b/gi, '#')
    .replace(/\b[0-9a-f]*\d[0-9a-f]*\b/gi, '#')
    .replace(/\d+/g, '#')
  return createHash('sha256').update(`${name}\n${plain}`).digest('hex').slice(0, 16)
}

/** A plain object that survives a thread, a process or JSON; `revive` makes an Error of it again. */
export interface PortableError {
  name: string
  message: string
  stack?: string
  cause?: PortableError
}

export function portable(error: unknown, depth = 0): PortableError {
  if (!(error instanceof Error)) return { name: 'Error', message: describe(error) }
  const cause = error.cause === undefined || depth >= DEEPEST_CHAIN ? undefined : portable(error.cause, depth + 1)
  return {
    name: nameOf(error),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    ...(cause && { cause }),
  }
}

export function revive(error: PortableError): Error {
  const revived = new Error(error.message, error.cause ? { cause: revive(error.cause) } : undefined)
  revived.name = error.name
  if (error.stack !== undefined) revived.stack = error.stack
  return revived
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let link = error; link !== undefined && link !== null && chain.length < DEEPEST_CHAIN; ) {
    if (chain.includes(link)) break
    chain.push(link)
    if (link instanceof AggregateError) chain.push(...link.errors.slice(0, 5).reverse())
    link = link instanceof Error ? link.cause : undefined
  }
  return chain.length === 0 ? [error] : chain
}

/** `{name}: {message} in {file}:{line}`, then the frames as `#0 file(line): function()`. */
function block(error: unknown): string {
  if (!(error instanceof Error)) return `Error: ${describe(error)}\nStack trace:\n#0 {main}`
  const frames = framesOf(error)
  const first = frames[0]
  const place = first ? ` in ${first.file}:${first.line}` : ''
  const message = String(error.message)
  const title = message === '' ? nameOf(error) : `${nameOf(error)}: ${message}`
  const lines = frames.map((frame, at) => `#${at} ${frame.file}(${frame.line}): ${frame.call}()`)
  return `${title}${place}\nStack trace:\n${[...lines, `#${lines.length} {main}`].join('\n')}`
}

function framesOf(error: Error): { file: string; line: string; call: string }[] {
  const frames: { file: string; line: string; call: string }[] = []
  // A stack may be anything: libraries set their own, and a message with line feeds stands in it too.
  for (const line of typeof error.stack === 'string' ? error.stack.split('\n') : []) {
    const found =
      line.length <= LONGEST_FRAME && /^\s+at (?:async )?(?:(.+?) \()?(?:file:\/\/)?(.+?):(\d+):\d+\)?$/.exec(line)
    if (found) frames.push({ call: found[1] ?? '{anonymous}', file: found[2]!, line: found[3]! })
  }
  return frames
}

function nameOf(error: Error): string {
  const code = (error as { code?: unknown }).code
  const name = String(error.name || error.constructor?.name || 'Error')
  return typeof code === 'string' && code !== '' && !name.includes(code) ? `${name} [${code}]` : name
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
