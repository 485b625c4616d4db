import { handle } from '../../src/index.ts'
import { fetchCase, refreshCases, syncOrder } from './jobs.ts'
import { findCase, finishCase, finishOrder, staleCases, startCase, transaction } from './records.ts'
import { SOURCE_URL } from './settings.ts'

/** The work itself. What a handler throws is tried again, as the definition in jobs.ts says. */
export const fetching = handle(fetchCase, async ({ input, attempt, signal, log, fail, complete }) => {
  const found = findCase(input.caseId)
  if (!found) return fail(`There is no case ${input.caseId}`)
  startCase(found.id)
  log(`asking the register for ${found.number}, attempt ${attempt}`)
  const answer = await ask<{ court: string; entries: { date: string; text: string }[] }>(`/register/${found.number}`, {
    signal,
  })
  // What was fetched and the end of the job, in one transaction: a case is never fetched twice once it is stored.
  await transaction(async (tx) => {
    finishCase(found.id, answer.court, answer.entries)
    await complete(tx)
  })
})

export const syncing = handle(syncOrder, async ({ input, signal }) => {
  const { receipt } = await ask<{ receipt: string }>(`/orders/${input.orderId}`, { method: 'POST', signal })
  finishOrder(input.orderId, receipt)
})

export const refreshing = handle(refreshCases, async ({ input }) => {
  // Opened when it is first needed: most workers never dispatch.
  const { queue } = await import('./queue.ts')
  const stale = staleCases(Date.now() - input.hours * 3_600_000)
  await queue.dispatchMany(
    fetchCase,
    stale.map((caseId) => ({ caseId })),
    { each: ({ caseId }) => ({ unique: `refresh:${caseId}` }) },
  )
})

async function ask<Answer>(path: string, options: RequestInit): Promise<Answer> {
  const response = await fetch(SOURCE_URL + path, options)
  const body = (await response.json()) as Answer & { error?: string }
  if (!response.ok) throw new Error(`${options.method ?? 'GET'} ${path}: ${response.status} ${body.error}`)
  return body
}
