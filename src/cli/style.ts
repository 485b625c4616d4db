import { styleText } from 'node:util'

/** Colours and weights by what they mean here. Plain text where colours are off. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  warning(text: string): string
  bad(text: string): string
  badge(level: 'INFO' | 'WARN' | 'ERROR'): string
}

const PLAIN: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  warning: (text) => text,
  bad: (text) => text,
  badge: (level) => ` ${level} `,
}

const BADGES = { INFO: 'bgBlue', WARN: 'bgYellow', ERROR: 'bgRed' } as const

const COLOURED: Style = {
  bold: (text) => paint('bold', text),
  dim: (text) => paint('gray', text),
  good: (text) => paint('green', text),
  warning: (text) => paint('yellow', text),
  bad: (text) => paint('red', text),
  badge: (level) => paint(BADGES[level], ` ${level} `),
}

/** Colours only on a terminal; NO_COLOR (set to anything) takes them away, as https://no-color.org asks. */
export function styleFor(terminal: boolean, env: NodeJS.ProcessEnv): Style {
  const off = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
  return terminal && !off ? COLOURED : PLAIN
}

/** How many columns the text takes on a terminal, escape codes aside. */
export function widthOf(text: string): number {
  return [...plain(text)].length
}

export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes begin with one
  return text.replace(/\u001b\[[0-9;]*m/g, '')
}

/** One line that can do nothing to a terminal: what comes from payloads and exceptions is not ours. */
export function safe(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
}

/** Like `safe`, but keeps line ends and tabs, for texts of several lines. */
export function safeLines(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
}

function paint(format: Parameters<typeof styleText>[0], text: string): string {
  // The stream is judged by styleFor alone.
  return styleText(format, text, { validateStream: false })
}
