import { createHash } from 'node:crypto'

/**
 * A weak tag: two answers of one tag say the same, but for the keys of the data and of its rows that are `ticking`, which tell
 * only how time passes.
 */
export function etagOf(data: unknown, ticking: readonly string[] = []): string {
  const text = ticking.length === 0 ? JSON.stringify(data) : withoutTicking(data as object, ticking)
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
}

function withoutTicking(data: object, ticking: readonly string[]): string {
  const rows = Object.values(data).filter(Array.isArray).flat()
  const holders = new Set<unknown>([data, ...rows])
  return JSON.stringify(data, function (this: unknown, key: string, value: unknown) {
    return holders.has(this) && ticking.includes(key) ? undefined : value
  })
}

/** Whether `If-None-Match` names this tag. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const bare = etag.replace(/^W\//, '')
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === bare)
}
