/** Stretches of time a chart can show, with steps that give it sixty to two hundred points. */
export const RANGES = {
  '1h': { hours: 1, step: 60 },
  '6h': { hours: 6, step: 300 },
  '24h': { hours: 24, step: 900 },
  '7d': { hours: 168, step: 3_600 },
} as const

export type Range = keyof typeof RANGES

export function rangeOf(text: string): Range {
  return Object.hasOwn(RANGES, text) ? (text as Range) : '1h'
}
