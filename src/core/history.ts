import { type Duration, milliseconds } from './duration.ts'
import { notAllowed } from './errors.ts'

/** Which attempts of a queue the history keeps: a sample where there are many, all, or none. */
export const HISTORY_KINDS = ['sampled', 'all', 'none'] as const
export type HistoryKind = (typeof HISTORY_KINDS)[number]

/** `history` of the configuration and of a worker: for all queues, and what is different for some. */
export interface HistoryOptions {
  /** Default `sampled`. */
  keep?: HistoryKind
  /** How long attempts are kept; default 24 h. */
  retention?: Duration
  queues?: Readonly<Record<string, HistoryKind | { keep?: HistoryKind; retention?: Duration }>>
}

export interface HistoryRule {
  keep: HistoryKind
  /** How long a row says it must stay; null where pruning leaves it for that long anyway. */
  keepMs: number | null
}

export interface HistoryRules {
  /** The age that rows are pruned at unless they say otherwise: the shortest of all. */
  pruneMs: number
  of(queue: string): HistoryRule
}

const RETENTION_MS = 86_400_000

/** Throws BAD_ARGUMENT that names what is not allowed. */
export function historyRules(options: HistoryOptions = {}, name = 'history'): HistoryRules {
  const keep = kindOf(options.keep ?? 'sampled', `${name}.keep`)
  const retentionMs =
    options.retention === undefined ? RETENTION_MS : milliseconds(options.retention, `${name}.retention`)
  const queues = new Map(
    Object.entries(options.queues ?? {}).map(([queue, rule]) => {
      const place = `${name}.queues.${queue}`
      if (typeof rule === 'string') return [queue, { keep: kindOf(rule, place), ms: retentionMs }]
      if (typeof rule !== 'object' || rule === null) throw notAllowed('BAD_ARGUMENT', place, rule, ALLOWED)
      const ms = rule.retention === undefined ? retentionMs : milliseconds(rule.retention, `${place}.retention`)
      return [queue, { keep: kindOf(rule.keep ?? keep, `${place}.keep`), ms }]
    }),
  )
  const pruneMs = Math.min(retentionMs, ...[...queues.values()].map(({ ms }) => ms))
  const ruleOf = (kind: HistoryKind, ms: number): HistoryRule => ({ keep: kind, keepMs: ms > pruneMs ? ms : null })
  const usual = ruleOf(keep, retentionMs)
  const rules = new Map([...queues].map(([queue, { keep: kind, ms }]) => [queue, ruleOf(kind, ms)]))
  return { pruneMs, of: (queue) => rules.get(queue) ?? usual }
}

const ALLOWED = `${HISTORY_KINDS.join(', ')}, or { keep, retention }`

function kindOf(value: unknown, name: string): HistoryKind {
  if (HISTORY_KINDS.includes(value as HistoryKind)) return value as HistoryKind
  throw notAllowed('BAD_ARGUMENT', name, value, HISTORY_KINDS.join(', '))
}
