import type { FailedFilter, FailedGroup, Store } from '../../store.ts'
import { failedConditions, isUnfiltered } from './filter.ts'
import type { Reader } from './reads.ts'
import { failedWithLabels, type SqlRow } from './rows.ts'
import { joined, raw, sql } from './sql.ts'

/** From here on, groups of all failed jobs are not counted by a look at each of them. */
const MANY = 20_000
/** Of more kinds of failures than this, all are counted in one look. */
const FEW_KINDS = 500
/** Groups may be somewhat old. */
const KINDS_KEPT_MS = 60_000

/** Failed jobs in sum: by what they have in common, and by time. */
export function failedInSum(reader: Reader): Pick<Store, 'failedGroups' | 'failedHistogram'> {
  const { all, lookUp = all, wallClock, dialect } = reader
  const kindsNow = reader.whileStill?.('failed', countedKinds, KINDS_KEPT_MS) ?? countedKinds
  const { tables } = dialect
  const failedFrom = failedWithLabels(dialect)
  const failedBrief = sql`
    select f.id, f.uuid, ${dialect.wallText(raw('f.failed_at'))} as failed_at, l.name, l.headline from ${failedFrom}`
  const failedWhere = (filter: FailedFilter) => failedConditions(dialect, filter, wallClock.text)

  return {
    async failedGroups(filter: FailedFilter, limit: number): Promise<FailedGroup[]> {
      if (isUnfiltered(filter) && (await manyFailed())) return groupsOfAll(limit)
      const rows = await all(sql`
        select l.fingerprint, max(l.name) as name, max(l.headline) as headline, count(*) as count,
               ${dialect.wallText(raw('min(f.failed_at)'))} as first_at, ${dialect.wallText(raw('max(f.failed_at)'))} as last_at, max(f.id) as sample
          from ${failedFrom} where l.fingerprint is not null and ${failedWhere(filter)}
         group by l.fingerprint order by count(*) desc, max(f.id) desc limit ${limit}`)
      const samples = await uuidsOf(rows.map((row) => Number(row.sample)))
      return rows.map((row) => ({
        fingerprint: String(row.fingerprint),
        name: row.name === null ? null : String(row.name),
        headline: String(row.headline),
        count: Number(row.count),
        firstAt: wallClock.read(String(row.first_at)) ?? 0,
        lastAt: wallClock.read(String(row.last_at)) ?? 0,
        sample: samples.get(Number(row.sample)) ?? '',
      }))
    },

    async failedHistogram({ from, to, stepMs }) {
      const minute = sql`substr(${dialect.wallText(raw('f.failed_at'))}, 1, 16)`
      const rows = await all(sql`
        select ${minute} as minute, count(*) as count from ${tables.failedJobs} f
         where f.failed_at >= ${wallClock.text(from)} and f.failed_at < ${wallClock.text(to)} group by ${minute}`)
      const steps = new Map<number, number>()
      for (const row of rows) {
        const at = wallClock.read(`${row.minute}:00`)
        if (at === undefined) continue
        const step = from + Math.max(0, Math.floor((at - from) / stepMs)) * stepMs
        steps.set(step, (steps.get(step) ?? 0) + Number(row.count))
      }
      return [...steps].map(([at, count]) => ({ at, count })).sort((a, b) => a.at - b.at)
    },
  }

  async function manyFailed(): Promise<boolean> {
    const [row] = await lookUp(sql`
      select (select max(id) from ${tables.failedJobs}) as last, (select min(id) from ${tables.failedJobs}) as first`)
    return Number(row?.last ?? 0) - Number(row?.first ?? 0) > MANY
  }

  /**
   * Of a large table: counted in the index over what stands beside the failed jobs, without a look at these. Jobs that
   * others deleted count until the janitor has been there.
   */
  async function groupsOfAll(limit: number): Promise<FailedGroup[]> {
    const groups = (await kindsNow())
      .sort((one, other) => other.count - one.count || other.last - one.last)
      .slice(0, limit)
    const ids = groups.flatMap(({ first, last }) => [first, last])
    const rows =
      ids.length === 0 ? [] : await lookUp(sql`${failedBrief} where ${failedWhere({ refs: [...new Set(ids)] })}`)
    const byId = new Map(rows.map((row) => [Number(row.id), row]))
    return groups.flatMap(({ fingerprint, count, first, last }) => {
      const newest = byId.get(last) ?? byId.get(first)
      if (newest === undefined) return []
      const at = (row: SqlRow) => wallClock.read(String(row.failed_at)) ?? 0
      return {
        fingerprint,
        name: newest.name === null ? null : String(newest.name),
        headline: String(newest.headline),
        count,
        firstAt: at(byId.get(first) ?? newest),
        lastAt: at(newest),
        sample: String(newest.uuid),
      }
    })
  }

  /** One range of the index after the other is counted, which is a multiple faster than telling its entries apart. */
  async function countedKinds(): Promise<{ fingerprint: string; first: number; last: number; count: number }[]> {
    const kinds = await all(dialect.failureKinds(FEW_KINDS + 1))
    if (kinds.length === 0) return []
    const read = ({ fingerprint, first, last }: SqlRow, count: unknown) => {
      return { fingerprint: String(fingerprint), first: Number(first), last: Number(last), count: Number(count) }
    }
    if (kinds.length > FEW_KINDS) {
      const grouped = await all(sql`
        select fingerprint, count(*) as count, min(failed_id) as first, max(failed_id) as last
          from ${tables.failed} where fingerprint is not null group by fingerprint`)
      return grouped.map((row) => read(row, row.count))
    }
    const counts = kinds.map(
      ({ fingerprint }, at) =>
        sql`(select count(*) from ${tables.failed} where fingerprint = ${String(fingerprint)}) as ${raw(`kind_${at}`)}`,
    )
    const [row] = await all(sql`select ${joined(counts, ', ')}`)
    return kinds.map((kind, at) => read(kind, row?.[`kind_${at}`]))
  }

  async function uuidsOf(ids: number[]): Promise<Map<number, string>> {
    if (ids.length === 0) return new Map()
    const rows = await all(sql`select f.id, f.uuid from ${tables.failedJobs} f where ${failedWhere({ refs: ids })}`)
    return new Map(rows.map((row) => [Number(row.id), String(row.uuid)]))
  }
}
