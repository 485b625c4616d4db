import { createHash } from 'node:crypto'

/** A weak tag: two answers of one tag say the same, but for the moment they were made at. */
export function etagOf(data: unknown): string {
  const text = JSON.stringify(data, (key, value) => (key === 'timestamp' ? undefined : value))
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
}

/** Whether `If-None-Match` names this tag. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const bare = etag.replace(/^W\//, '')
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === bare)
}
