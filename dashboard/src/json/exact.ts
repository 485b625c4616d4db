/** What the language has and its type library has not yet; browsers from before 2025 may not have it either. */
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, about?: { source?: string }) => unknown): unknown
  rawJSON?(text: string): unknown
}

const json = JSON as unknown as ExactJson

/**
 * Reads an answer of the API: whole numbers beyond 2^53, as ids of other systems may be, come as bigints, so that they are
 * shown with all their digits. A browser that cannot tell a number's text shows them rounded.
 */
export function readExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, about) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{16,}$/.test(about?.source ?? '')
      ? BigInt(about?.source ?? 0)
      : value,
  )
}

/** JSON for people, in which bigints stand as the numbers they are. */
export function writeExact(value: unknown): string {
  const raw = json.rawJSON
  return JSON.stringify(
    value,
    (_key, member) => (typeof member !== 'bigint' ? member : raw ? raw(String(member)) : String(member)),
    2,
  )
}
