import type { Paged } from '../store.ts'

const PAGE = 500

/** Rows of page after page, up to `limit` (0 = all), and whether there are more. */
export async function collected<Row>(
  limit: number,
  read: (page: { limit: number; cursor?: string }) => Promise<Paged<Row>>,
): Promise<{ rows: Row[]; more: boolean }> {
  const most = limit === 0 ? Number.POSITIVE_INFINITY : limit
  const rows: Row[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await read({ limit: Math.min(PAGE, most - rows.length), cursor })
    for (const row of page.rows) rows.push(row)
    if (page.next === null || rows.length >= most) return { rows, more: page.next !== null }
    cursor = page.next
  }
}
