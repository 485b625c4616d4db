/** What the language has since ECMAScript 2026 and its type library has not yet. */
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, about: { source?: string }) => unknown): unknown
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
}

const json = JSON as unknown as ExactJson

/**
 * Reads JSON whose whole numbers beyond 2^53 must keep all their digits, as ids of other systems have to: each becomes a piece of
 * raw JSON, which `JSON.stringify` writes as it stood. Throws a SyntaxError as `JSON.parse` does.
 */
export function exactJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && /^-?\d{16,}$/.test(source) && !Number.isSafeInteger(value)
      ? json.rawJSON(source)
      : value,
  )
}

/** Whether a value of `exactJson` stands for a number that would lose digits as one. */
export function isExact(value: unknown): boolean {
  return json.isRawJSON(value)
}
