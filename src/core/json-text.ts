/** JSON objects as texts, altered at one place, with every other byte as somebody wrote it. The texts must be valid. */

/** A string, a bracket, or what stands between them: numbers, literals, colons, commas, white space. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/gs

/** Where a key of the object and its value stand in the text. */
interface Member {
  key: string
  /** Of the bracket or comma before the key. */
  before: number
  keyStart: number
  start: number
  end: number
  /** The comma or bracket behind the value. */
  behind: ',' | '}'
}

/** The object with the value of this key replaced by this JSON; without the key it comes back as it is. */
export function withValue(text: string, key: string, json: string): string {
  const found = memberOf(text, key)
  return found ? text.slice(0, found.start) + json + text.slice(found.end) : text
}

/** The object with this key first, whatever stood under it before; white space in front of it goes. */
export function withFirst(text: string, key: string, json: string): string {
  const rest = without(text.trimStart(), key).slice(1)
  return `{${JSON.stringify(key)}:${json}${/^\s*\}/.test(rest) ? '' : ','}${rest}`
}

function without(text: string, key: string): string {
  const found = memberOf(text, key)
  if (found === undefined) return text
  const { before, keyStart, end, behind } = found
  const left =
    behind === ','
      ? text.slice(0, keyStart) + text.slice(text.indexOf(',', end) + 1).trimStart()
      : text.slice(0, text[before] === ',' ? before : keyStart) + text.slice(end)
  return without(left, key)
}

/** Where a key stands twice, the last is meant, as for JSON.parse. */
function memberOf(text: string, key: string): Member | undefined {
  let found: Member | undefined
  let depth = 0
  let before = 0
  let end = 0
  let member: { key: string; keyStart: number; start: number | undefined } | undefined
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (depth === 1 && (token === ',' || token === '}')) {
      if (member?.start !== undefined && member.key === key)
        found = { ...member, start: member.start, before, end, behind: token }
      member = undefined
      before = index
    } else if (depth === 1 && member === undefined) {
      member = { key: JSON.parse(token) as string, keyStart: index, start: undefined }
    } else if (depth === 1 && member?.start === undefined && token !== ':') {
      member!.start = index
    }
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    end = index + token.length
  }
  return found
}
