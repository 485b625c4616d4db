import type { JobOutcome, Settled } from '../../store.ts'

/**
 * What of a settlement's answer is not `applied`, as it is kept with the settlement's number, for a worker that lost the
 * answer and asks again. Null in nearly every case.
 */
export function exceptions({ lost, refused }: Settled): string | null {
  if (lost.length === 0 && refused.length === 0) return null
  return JSON.stringify({ lost, refused: refused.map(({ id, error }) => ({ id, text: error.message })) })
}

/** The answer to a settlement of these outcomes, from what was kept of it. */
export function remembered(outcomes: readonly JobOutcome[], kept: string | null): Settled {
  if (kept === null) return { applied: outcomes.map(({ id }) => id), lost: [], refused: [] }
  const { lost, refused } = JSON.parse(kept) as { lost: number[]; refused: { id: number; text: string }[] }
  const others = new Set([...lost, ...refused.map(({ id }) => id)])
  return {
    applied: outcomes.map(({ id }) => id).filter((id) => !others.has(id)),
    lost,
    refused: refused.map(({ id, text }) => ({ id, error: new Error(text) })),
  }
}
