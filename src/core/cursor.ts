import { notAllowed } from './errors.ts'

/**
 * Where a page ended: the id of its last row. What was written before stays on its page and what is written later comes
 * before the first, so a reader who follows cursors sees every row that was there throughout exactly once.
 */
export function writeCursor(id: number): string {
  return Buffer.from(`id:${id}`).toString('base64url')
}

/** Throws BAD_ARGUMENT for anything `writeCursor` did not make. */
export function readCursor(cursor: string): number {
  const found = /^id:(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!found) throw notAllowed('BAD_ARGUMENT', 'cursor', cursor, 'a `next` of an earlier page')
  return Number(found[1])
}
