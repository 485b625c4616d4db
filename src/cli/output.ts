import { type Progress, progressOn, silent } from './progress.ts'
import { type Style, styleFor } from './style.ts'
import { type Column, tableLines } from './table.ts'

/**
 * Where a command's words go. For people: lines and tables on stdout. For programs (`--json`): exactly one JSON document
 * on stdout, everything else is left out. Faults go to stderr in both cases.
 */
export interface Output {
  readonly json: boolean
  /** Whether a person can be asked something. */
  readonly interactive: boolean
  readonly style: Style
  line(text?: string): void
  /** A sentence set apart, as Laravel's commands print it. */
  info(sentence: string): void
  warn(sentence: string): void
  error(sentence: string): void
  /** Left text, dots over the width, right text. */
  dotted(left: string, right: string): void
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void
  /** The document of `--json`; without it nothing is printed. */
  document(value: unknown): void
  progress(label: string): Progress
}

export interface Streams {
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  stdin: NodeJS.ReadStream
  env: NodeJS.ProcessEnv
}

const WIDEST = 120
const PIPE_WIDTH = 100

export function outputOn({ stdout, stderr, stdin, env }: Streams, json: boolean): Output {
  const style = styleFor(stdout.isTTY === true, env)
  const write = (text: string) => {
    if (!json) stdout.write(`${text}\n`)
  }
  const sentence = (level: 'INFO' | 'WARN' | 'ERROR') => (text: string) => {
    const marked = /[.!?:…]$/.test(text) ? text : `${text}.`
    const line = `\n  ${style.badge(level)} ${emphasised(marked, style)}\n`
    if (level === 'ERROR') stderr.write(`${line}\n`)
    else write(line)
  }
  return {
    json,
    interactive: stdin.isTTY === true && stdout.isTTY === true && !json,
    style,
    line: (text = '') => write(text),
    info: sentence('INFO'),
    warn: sentence('WARN'),
    error: sentence('ERROR'),
    dotted: (left, right) => write(dottedLine(left, right, terminalWidth(stdout), style)),
    table: (columns, rows) => {
      for (const line of tableLines(columns, rows, style)) write(line)
    },
    document: (value) => {
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    progress: (label) => (stderr.isTTY === true && !json ? progressOn(stderr, label) : silent),
  }
}

export function terminalWidth(stream: NodeJS.WriteStream): number {
  return Math.min(stream.columns || PIPE_WIDTH, WIDEST)
}

/** `  left ........ right`, as wide as the terminal (at most 120 columns). */
export function dottedLine(
  left: string,
  right: string,
  width: number,
  style: Style,
  lengths = plainLengths(left, right),
): string {
  const dots = Math.max(3, width - lengths - 6)
  return `  ${left} ${style.dim('.'.repeat(dots))} ${right}`
}

function plainLengths(left: string, right: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes take no room
  return (left + right).replace(/\u001b\[[0-9;]*m/g, '').length
}

/** `[name]` is what a sentence is about. */
function emphasised(text: string, style: Style): string {
  return text.replace(/\[[^\]]+\]/g, (part) => style.bold(part))
}

/**
 * For a worker: whoever read its lines is gone (a log collector that restarts closes the pipe), and that is no reason to
 * drop the jobs.
 */
export function outliveReaders({ stdout, stderr }: Pick<Streams, 'stdout' | 'stderr'>): void {
  for (const stream of [stdout, stderr]) {
    stream.removeAllListeners('error')
    stream.on('error', () => {})
  }
}
