import { createHash } from 'node:crypto'

/** Texts of statements that are repeated: a few dozen, whatever the values. */
const names = new Map<string, string>()
const MOST_NAMES = 1_000

/** The name of a prepared statement. It is made from the text, so that under one name there never stand two. */
export function preparedName(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = `faena_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
  if (names.size < MOST_NAMES) names.set(text, name)
  return name
}
