/** Counts of two stretches together; one may be shorter. */
export function merged(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => (a[at] ?? 0) + (b[at] ?? 0))
}

/**
 * The value below which the share `q` of what was counted lies: `counts[i]` values up to `bounds[i]`, the last count beyond
 * all bounds. Within a step values are taken as evenly spread; beyond the last bound it is that bound. Null without any
 * value. Quantiles of parts don't average: merge the counts first.
 */
export function quantile(counts: readonly number[], bounds: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let rest = q * total
  for (const [step, count] of counts.entries()) {
    const upper = bounds[step]
    if (upper === undefined) break
    if (count > 0 && rest <= count) {
      const lower = bounds[step - 1] ?? 0
      return lower + (upper - lower) * (rest / count)
    }
    rest -= count
  }
  return bounds.at(-1) ?? null
}
