/** A piece of SQL and the values of its placeholders, in order. */
export interface Sql {
  readonly text: readonly string[]
  readonly values: readonly unknown[]
}

/**
 * SQL written in full, values apart from it. A `${piece}` that is itself SQL is put in as such; anything else becomes a
 * placeholder, so no text from outside ever reaches the statement.
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  const text: string[] = [strings[0]!]
  const values: unknown[] = []
  for (const [at, part] of parts.entries()) {
    const after = strings[at + 1]!
    if (isSql(part)) {
      text[text.length - 1] += part.text[0]!
      text.push(...part.text.slice(1))
      text[text.length - 1] += after
      values.push(...part.values)
    } else {
      values.push(part)
      text.push(after)
    }
  }
  return { text, values }
}

/** Fixed SQL: names of tables and columns, never anything from outside. */
export function raw(text: string): Sql {
  return { text: [text], values: [] }
}

export function joined(pieces: readonly Sql[], separator: string): Sql {
  const text = ['']
  const values: unknown[] = []
  for (const [at, piece] of pieces.entries()) {
    const [first = '', ...rest] = piece.text
    text[text.length - 1] += at === 0 ? first : separator + first
    text.push(...rest)
    values.push(...piece.values)
  }
  return { text, values }
}

/** The statement with `?` for each value, or with `$1`, `$2`, … */
export function statementText(piece: Sql, placeholder: 'question' | 'dollar'): string {
  return piece.text.reduce((all, part, at) => all + (placeholder === 'question' ? '?' : `$${at}`) + part)
}

function isSql(part: unknown): part is Sql {
  return (
    typeof part === 'object' &&
    part !== null &&
    Array.isArray((part as Sql).text) &&
    Array.isArray((part as Sql).values)
  )
}
