/** Line feeds, tabs and carriage returns are let through: they are laid out, and change nothing else. */
const HIDDEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/**
 * Text that a job, an exception or a log line brought along, with what can't be seen written out: control characters,
 * and those that turn the direction of writing or have no width, by which a text could show as another one.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (sign) => {
    if (sign === '\n' || sign === '\t' || sign === '\r') return sign
    return `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`
  })
}
